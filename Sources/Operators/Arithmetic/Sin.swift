import Graphs
import Kernels
import Tensors

/// Sin (ai.onnx 7…): the sine of an angle in radians.
///
///     y = sin x          dx = dy · cos x
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Sin.
struct Sin: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Sin", versions: 7..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.sine, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(Mul(), [try site.gradient(), try gradient.emit(Cos(), [site.inputs[0]])])]
  }
}
