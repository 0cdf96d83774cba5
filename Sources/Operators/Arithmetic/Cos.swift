import Graphs
import Kernels
import Tensors

/// Cos (ai.onnx 7…): the cosine of an angle in radians.
///
///     y = cos x          dx = −dy · sin x
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Cos.
struct Cos: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Cos", versions: 7..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.cosine, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let slope = try gradient.emit(Neg(), [try gradient.emit(Sin(), [site.inputs[0]])])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
