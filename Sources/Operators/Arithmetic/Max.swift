import Graphs
import Kernels
import Tensors

/// Max (ai.onnx 6…): the largest of any number of operands, element by element; NaN wins.
///
/// Operands that reach the largest value share its gradient. Shapes: all broadcastable → their common shape.
/// Source: onnx/docs/Operators.md#Max.
struct Max: ExtremeValue, WithoutAttributes {
  static let schema = OperatorSchema("Max", versions: 6..., inputs: ["data_0..."], outputs: ["max"])

  func choose(_ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions) {
    Elementwise.maximum(a, b, into: c, options)
  }
}
