package import Kernels
package import Tensors

/// Rule kind for comparisons of two operands with broadcasting.
///
/// Nothing flows back through a truth value.
package protocol ComparisonOperator: WithoutArithmetic {
  /// Element types that are implemented; numbers unless told otherwise.
  static var elementTypes: [ElementType] { get }
  /// Which comparison.
  static var comparison: Elementwise.Comparison { get }
}

extension ComparisonOperator {
  package static var elementTypes: [ElementType] { [.float32, .float64, .int64, .int32] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(.bool, try Broadcasting.resultType(of: inputs, types: Self.elementTypes)[0].shape)]
  }

  package func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    Elementwise.compare(
      Self.comparison, operands[0], operands[1], into: operands.output(0), context.options)
  }
}
