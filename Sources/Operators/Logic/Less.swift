import Graphs
import Kernels
import Tensors

/// Less (ai.onnx 7…): whether a < b, element by element; false where an operand is NaN.
///
/// Shapes: A, B broadcastable → C of truth values. Source: onnx/docs/Operators.md#Less.
struct Less: ComparisonOperator, WithoutAttributes {
  static let schema = OperatorSchema("Less", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let comparison = Elementwise.Comparison.less
}
