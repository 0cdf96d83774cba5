import Graphs
import Kernels
import Tensors

/// LessOrEqual (ai.onnx 12…): whether a ≤ b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#LessOrEqual.
struct LessOrEqual: ComparisonOperator, WithoutAttributes {
  static let schema = OperatorSchema("LessOrEqual", versions: 12..., inputs: ["A", "B"], outputs: ["C"])
  static let comparison = Elementwise.Comparison.lessOrEqual
}
