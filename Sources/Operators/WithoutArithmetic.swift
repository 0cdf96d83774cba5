import Tensors

/// An operator that multiplies and adds nothing: it moves, compares, converts or makes elements.
package protocol WithoutArithmetic: Operator {}

extension WithoutArithmetic {
  package func floatingPointOperations(_ inputs: InputTypes) -> Int { 0 }
}

/// An operator that takes elements out of its first operand: it reads no more of it than it writes.
package protocol MovesElements: WithoutArithmetic {}

extension MovesElements {
  package func bytesMoved(_ inputs: InputTypes, _ results: [ValueType]) -> Int {
    let written = results.reduce(0) { min($0 + $1.byteCount, .addressable) }
    let others = inputs.types.dropFirst().reduce(0) { min($0 + ($1?.byteCount ?? 0), .addressable) }
    return min(written, inputs.optional(0)?.byteCount ?? 0) + others + written
  }
}
