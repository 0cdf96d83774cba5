import Graphs
import Kernels
import Tensors

/// Sqrt (ai.onnx 6…): the square root.
///
///     y = √x          dx = dy / 2y
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Sqrt.
struct Sqrt: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Sqrt", versions: 6..., inputs: ["X"], outputs: ["Y"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.squareRoot, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let two = try gradient.scalar(2, like: site.outputs[0])
    let double = try gradient.emit(Mul(), [site.outputs[0], two])
    return [try gradient.emit(Div(), [try site.gradient(), double])]
  }
}
