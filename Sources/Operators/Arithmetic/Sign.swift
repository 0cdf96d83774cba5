import Graphs
import Kernels
import Tensors

/// Sign (ai.onnx 9…): −1, 0 or 1.
///
///     y = −1 where x < 0, 1 where x > 0, else x          dx = 0 wherever there is a slope
///
/// Shapes: input any → output like it. Source: onnx/docs/Operators.md#Sign.
struct Sign: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Sign", versions: 9..., inputs: ["input"], outputs: ["output"])
  static let elementTypes: [ElementType] = ElementType.numbers

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.sign(input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [nil]
  }
}
