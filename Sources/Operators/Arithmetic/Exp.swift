import Graphs
import Kernels
import Tensors

/// Exp (ai.onnx 6…): the exponential function.
///
///     y = e^x          dx = dy · y
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Exp.
struct Exp: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Exp", versions: 6..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.exponential, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(Mul(), [try site.gradient(), site.outputs[0]])]
  }
}
