package import Kernels
package import Tensors

/// Rule kind for c = f(a, b) on numbers of one type, with broadcasting.
package protocol BinaryElementwise: Operator {
  /// Computes f into `output`, which may be the memory of an operand of the same size.
  func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError)
}

extension BinaryElementwise {
  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try Broadcasting.resultType(of: inputs)
  }

  package func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    try apply(operands[0], operands[1], into: operands.output(0), context.options)
  }

  package var reusableInputs: [Int] { [0, 1] }
}
