import Graphs
import Kernels
import Tensors

/// Equal (ai.onnx 7…): whether a = b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#Equal.
struct Equal: ComparisonOperator, WithoutAttributes {
  static let schema = OperatorSchema("Equal", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let comparison = Elementwise.Comparison.equal
  static let elementTypes: [ElementType] = ElementType.numbers + [.bool]
}
