import Graphs
import Kernels
import Tensors

/// Tanh (ai.onnx 6…): the hyperbolic tangent.
///
///     y = tanh x          dx = dy · (1 − y²)
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Tanh.
struct Tanh: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Tanh", versions: 6..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.hyperbolicTangent, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let one = try gradient.scalar(1, like: site.outputs[0])
    let square = try gradient.emit(Mul(), [site.outputs[0], site.outputs[0]])
    let slope = try gradient.emit(Sub(), [one, square])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
