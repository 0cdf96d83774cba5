import Graphs
import Kernels
import Tensors

/// Reciprocal (ai.onnx 6…): one divided by x.
///
///     y = 1 / x          dx = −dy · y²
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Reciprocal.
struct Reciprocal: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Reciprocal", versions: 6..., inputs: ["X"], outputs: ["Y"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.reciprocal, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let square = try gradient.emit(Mul(), [site.outputs[0], site.outputs[0]])
    let slope = try gradient.emit(Neg(), [square])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
