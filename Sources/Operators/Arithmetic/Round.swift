import Graphs
import Kernels
import Tensors

/// Round (ai.onnx 11…): the nearest integer, halves to the even one.
///
///     y = round x          dx = 0 wherever there is a slope
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Round.
struct Round: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Round", versions: 11..., inputs: ["X"], outputs: ["Y"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.round, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [nil]
  }
}
