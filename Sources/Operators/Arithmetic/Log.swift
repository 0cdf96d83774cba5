import Graphs
import Kernels
import Tensors

/// Log (ai.onnx 6…): the natural logarithm.
///
///     y = ln x          dx = dy / x
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Log.
struct Log: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Log", versions: 6..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.logarithm, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(Div(), [try site.gradient(), site.inputs[0]])]
  }
}
