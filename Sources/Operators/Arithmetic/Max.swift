import Graphs
package import Kernels
package import Tensors

/// Max (ai.onnx 6…): the largest of any number of operands, element by element; NaN wins.
///
/// Operands that reach the largest value share its gradient. Shapes: all broadcastable → their common shape.
/// Source: onnx/docs/Operators.md#Max.
package struct Max: ExtremeValue, WithoutAttributes {
  package static let schema = OperatorSchema("Max", versions: 6..., inputs: ["data_0..."], outputs: ["max"])

  /// The operator.
  package init() {}

  package func choose(_ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions) {
    Elementwise.maximum(a, b, into: c, options)
  }
}
