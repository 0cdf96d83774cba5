import Graphs
import Kernels
import Tensors

/// HardSigmoid (ai.onnx 6…): a line limited to 0 … 1.
///
///     y = min(max(α x + β, 0), 1)          dx = α · dy where 0 < y < 1, else 0
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#HardSigmoid.
struct HardSigmoid: UnaryElementwise {
  static let schema = OperatorSchema("HardSigmoid", versions: 6..., inputs: ["X"], outputs: ["Y"])

  let slope: Float
  let offset: Float

  init(slope: Float = 0.2, offset: Float = 0.5) { (self.slope, self.offset) = (slope, offset) }

  init(reading node: AttributeReader) throws(OperatorError) {
    slope = try node.float("alpha", default: 0.2)
    offset = try node.float("beta", default: 0.5)
  }

  var attributes: [Attribute] { [Attribute("alpha", slope), Attribute("beta", offset)] }

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.activate(
      .hardSigmoid(slope: Double(slope), offset: Double(offset)), input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let y = site.outputs[0]
    let zero = try gradient.scalar(0, like: y)
    let isAbove = try gradient.emit(Greater(), [y, zero])
    let isBelow = try gradient.emit(Less(), [y, try gradient.scalar(1, like: y)])
    let isInside = try gradient.emit(And(), [isAbove, isBelow])
    let slope = try gradient.scalar(Double(slope), like: y)
    let flow = try gradient.emit(Mul(), [try site.gradient(), slope])
    return [try gradient.emit(Where(), [isInside, flow, zero])]
  }
}
