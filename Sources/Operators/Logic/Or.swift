import Graphs
import Kernels
import Tensors

/// Or (ai.onnx 7…): whether at least one of two truth values holds, element by element.
///
/// Shapes: A, B broadcastable → C. Source: onnx/docs/Operators.md#Or.
struct Or: ConnectiveOperator, WithoutAttributes {
  static let schema = OperatorSchema("Or", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let connective = Elementwise.Connective.or
}
