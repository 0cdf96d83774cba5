package import Kernels
package import Tensors

/// Rule kind for comparisons of two operands with broadcasting.
///
/// Nothing flows back through a truth value.
package protocol ComparisonOperator: Operator {
  /// Element types that are implemented; numbers unless told otherwise.
  static var elementTypes: [ElementType] { get }
  /// Which comparison.
  static var comparison: Elementwise.Comparison { get }
}

extension ComparisonOperator {
  package static var elementTypes: [ElementType] { ElementType.numbers }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(.bool, try Broadcasting.resultType(of: inputs, types: Self.elementTypes)[0].shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.compare(
        Self.comparison, operands[0], operands[1], into: operands.output(0), options)
    }
  }
}
