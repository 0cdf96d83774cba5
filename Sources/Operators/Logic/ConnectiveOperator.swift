package import Kernels
import Tensors

/// Rule kind for connectives of two truth values with broadcasting.
package protocol ConnectiveOperator: MemoryReusing {
  /// Which connective.
  static var connective: Elementwise.Connective { get }
}

extension ConnectiveOperator {
  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try Broadcasting.resultType(of: inputs, types: [.bool])
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.connect(
        Self.connective, operands[0], operands[1], into: operands.output(0), options)
    }
  }

  package var reusableInputs: [Int] { [0, 1] }
}
