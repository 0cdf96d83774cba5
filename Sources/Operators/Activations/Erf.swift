import Graphs
import Kernels
import Tensors

/// Erf (ai.onnx 9…): the error function.
///
///     y = 2/√π ∫₀ˣ e^(−t²) dt          dx = dy · 2/√π · e^(−x²)
///
/// Shapes: input any → output like input.
/// Source: onnx/docs/Operators.md#Erf.
struct Erf: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Erf", versions: 9..., inputs: ["input"], outputs: ["output"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.errorFunction, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let square = try gradient.emit(Mul(), [site.inputs[0], site.inputs[0]])
    let bell = try gradient.emit(Exp(), [try gradient.emit(Neg(), [square])])
    let factor = try gradient.scalar(2 / Double.pi.squareRoot(), like: site.inputs[0])
    return [try gradient.emit(Mul(), [try site.gradient(), try gradient.emit(Mul(), [bell, factor])])]
  }
}
