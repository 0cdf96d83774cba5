import Graphs
import Kernels
import Tensors

/// Elu (ai.onnx 6…): the exponential linear unit.
///
///     y = x where x ≥ 0, else α (e^x − 1)          dx = dy where x ≥ 0, else dy · (y + α)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Elu.
struct Elu: UnaryElementwise {
  static let schema = OperatorSchema("Elu", versions: 6..., inputs: ["X"], outputs: ["Y"])

  let scale: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    scale = try node.float("alpha", default: 1)
  }

  var attributes: [Attribute] { [Attribute("alpha", scale)] }

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.activate(.elu(scale: Double(scale)), input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let (x, dY) = (site.inputs[0], try site.gradient())
    let isNegative = try gradient.emit(Less(), [x, try gradient.scalar(0, like: x)])
    let slope = try gradient.emit(Add(), [site.outputs[0], try gradient.scalar(Double(scale), like: x)])
    let curved = try gradient.emit(Mul(), [dY, slope])
    return [try gradient.emit(Where(), [isNegative, curved, dY])]
  }
}
