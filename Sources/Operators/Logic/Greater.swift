import Graphs
import Kernels
import Tensors

/// Greater (ai.onnx 7…): whether a > b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#Greater.
struct Greater: ComparisonOperator, WithoutAttributes {
  static let schema = OperatorSchema("Greater", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let comparison = Elementwise.Comparison.greater
}
