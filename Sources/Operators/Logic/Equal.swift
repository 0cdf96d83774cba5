import Graphs
package import Kernels
package import Tensors

/// Equal (ai.onnx 7…): whether a = b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#Equal.
package struct Equal: ComparisonOperator, WithoutAttributes {
  package static let schema = OperatorSchema("Equal", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  package static let comparison = Elementwise.Comparison.equal
  package static let elementTypes: [ElementType] = ElementType.numbers + [.bool]

  /// The operator.
  package init() {}
}
