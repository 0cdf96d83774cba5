import Graphs
package import Kernels
package import Tensors

/// Rule kind for y = f(x), element by element.
package protocol UnaryElementwise: Narrowable {
  /// Element types that are implemented; floating point unless told otherwise.
  static var elementTypes: [ElementType] { get }

  /// Computes f from `input` into `output`, which may be the same memory.
  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions)
}

extension UnaryElementwise {
  package static var elementTypes: [ElementType] { [.float32, .float64] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: Self.elementTypes)
    return [inputs[0]]
  }

  package func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    apply(operands[0], into: operands.output(0), context.options)
  }

  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    .alike(operands: [0])
  }

  package func floatingPointOperations(_ inputs: InputTypes) -> Int { inputs[0].shape.elementCount }

  package var reusableInputs: [Int] { [0] }
}
