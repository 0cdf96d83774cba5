import Tensors

extension Operands {
  /// Types and values of the operands while they are at hand, for rules that read both.
  var knownInputs: InputTypes {
    InputTypes(
      types: (0..<count).map { index in optional(index).map { ValueType($0.elementType, $0.shape) } },
      constants: (0..<count).map { optional($0)?.tensor }, outputCount: outputCount)
  }
}
