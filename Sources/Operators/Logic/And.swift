import Graphs
import Kernels
import Tensors

/// And (ai.onnx 7…): whether both truth values hold, element by element.
///
/// Shapes: A, B broadcastable → C. Source: onnx/docs/Operators.md#And.
struct And: ConnectiveOperator, WithoutAttributes {
  static let schema = OperatorSchema("And", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let connective = Elementwise.Connective.and
}
