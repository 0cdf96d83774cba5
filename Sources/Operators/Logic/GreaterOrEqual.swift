import Graphs
import Kernels
import Tensors

/// GreaterOrEqual (ai.onnx 12…): whether a ≥ b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#GreaterOrEqual.
struct GreaterOrEqual: ComparisonOperator, WithoutAttributes {
  static let schema = OperatorSchema("GreaterOrEqual", versions: 12..., inputs: ["A", "B"], outputs: ["C"])
  static let comparison = Elementwise.Comparison.greaterOrEqual
}
