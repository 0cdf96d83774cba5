import Graphs
import Kernels
import Tensors

/// Min (ai.onnx 6…): the smallest of any number of operands, element by element; NaN wins.
///
/// Operands that reach the smallest value share its gradient. Shapes: all broadcastable → their common shape.
/// Source: onnx/docs/Operators.md#Min.
struct Min: ExtremeValue, WithoutAttributes {
  static let schema = OperatorSchema("Min", versions: 6..., inputs: ["data_0..."], outputs: ["min"])

  func choose(_ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions) {
    Elementwise.minimum(a, b, into: c, options)
  }
}
