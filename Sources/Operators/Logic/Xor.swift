import Graphs
import Kernels
import Tensors

/// Xor (ai.onnx 7…): whether exactly one of two truth values holds, element by element.
///
/// Shapes: A, B broadcastable → C. Source: onnx/docs/Operators.md#Xor.
struct Xor: ConnectiveOperator, WithoutAttributes {
  static let schema = OperatorSchema("Xor", versions: 7..., inputs: ["A", "B"], outputs: ["C"])
  static let connective = Elementwise.Connective.exclusiveOr
}
