import Graphs
import Kernels
import Tensors

/// LeakyRelu (ai.onnx 6…): x, with a smaller slope below zero.
///
///     y = x where x ≥ 0, else α x          dx = dy where x ≥ 0, else α · dy
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#LeakyRelu.
struct LeakyRelu: UnaryElementwise {
  static let schema = OperatorSchema("LeakyRelu", versions: 6..., inputs: ["X"], outputs: ["Y"])

  let slope: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    slope = try node.float("alpha", default: 0.01)
  }

  var attributes: [Attribute] { [Attribute("alpha", slope)] }

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.activate(.leakyRelu(slope: Double(slope)), input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let (x, dY) = (site.inputs[0], try site.gradient())
    let isNegative = try gradient.emit(Less(), [x, try gradient.scalar(0, like: x)])
    let small = try gradient.emit(Mul(), [dY, try gradient.scalar(Double(slope), like: x)])
    return [try gradient.emit(Where(), [isNegative, small, dY])]
  }
}
