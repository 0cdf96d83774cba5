import Graphs
import Kernels
import Tensors

/// Neg (ai.onnx 6…): the opposite number.
///
///     y = −x          dx = −dy
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Neg.
struct Neg: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Neg", versions: 6..., inputs: ["X"], outputs: ["Y"])
  static let elementTypes: [ElementType] = [.float32, .float64, .int64, .int32, .int8]

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.negate(input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(Neg(), [try site.gradient()])]
  }
}
