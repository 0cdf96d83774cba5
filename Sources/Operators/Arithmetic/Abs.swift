import Graphs
import Kernels
import Tensors

/// Abs (ai.onnx 6…): the magnitude.
///
///     y = |x|          dx = dy · sign x, 0 at the kink
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Abs.
struct Abs: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Abs", versions: 6..., inputs: ["X"], outputs: ["Y"])
  static let elementTypes: [ElementType] = ElementType.numbers

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.absolute(input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let zero = try gradient.scalar(0, like: site.inputs[0])
    let isNegative = try gradient.emit(Less(), [site.inputs[0], zero])
    let isPositive = try gradient.emit(Greater(), [site.inputs[0], zero])
    let left = try gradient.emit(Where(), [isNegative, try gradient.emit(Neg(), [dY]), zero])
    return [try gradient.emit(Where(), [isPositive, dY, left])]
  }
}
