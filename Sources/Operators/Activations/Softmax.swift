import Graphs
import Kernels
import Tensors

/// Softmax (ai.onnx 1…): distributions along an axis.
///
///     y = e^x / Σ e^x          dx = y · (dy − Σ dy · y)
///
/// The largest element is subtracted first. Below version 13 a distribution covers all axes from `axis` (1) on, from
/// there on only `axis` (−1). Shapes: input any → output like it. Source: onnx/docs/Operators.md#Softmax.
struct Softmax: UnaryElementwise {
  static let schema = OperatorSchema("Softmax", versions: 1..., inputs: ["input"], outputs: ["output"])

  let axes: SoftmaxAxes

  init(reading node: AttributeReader) throws(OperatorError) { axes = try SoftmaxAxes(node) }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try axes.check(inputs[0].shape)
    return [inputs[0]]
  }

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Distribution.apply(input, axes.layout(input.shape), isLogarithm: false, into: output, options)
  }

  func narrowing(of node: Node, axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    axes.narrowing(axis: axis, of: inputs[0].shape)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let attributes = axes.gradientAttributes(gradient.shape(site.inputs[0]))
    return [try gradient.emit(SoftmaxGradient.self, [site.outputs[0], try site.gradient()], attributes)]
  }
}

/// The gradient of Softmax in one pass, from its result.
///
/// Domain dka.gradient: exists in plans only. Attribute `layout`: extents before, along and after the axis. Shapes:
/// Y any, dY like Y → dX like Y.
struct SoftmaxGradient: Decomposable {
  static let schema = OperatorSchema(
    "SoftmaxGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])

  let layout: Distribution.Layout

  init(reading node: AttributeReader) throws(OperatorError) {
    guard let extents = try node.optionalInts("layout"), let layout = Distribution.Layout(extents) else {
      throw .invalid("attribute 'layout' is not three extents")
    }
    self.layout = layout
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    guard inputs[0] == inputs[1] else { throw .invalid("inputs are \(inputs[0]) and \(inputs[1])") }
    guard layout.shape.elementCount == inputs[0].shape.elementCount else {
      throw .invalid("attribute 'layout' is \(layout.shape), which does not fit \(inputs[0].shape)")
    }
    return [inputs[0]]
  }

  func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    Distribution.gradient(
      operands[0], operands[1], layout, isLogarithm: false, into: operands.output(0), context.options)
  }

  var reusableInputs: [Int] { [1] }

  func decomposition(_ node: Node, into builder: inout GradientBuilder) throws(OperatorError) -> [String] {
    let y = try builder.reshape(node.inputs[0], to: layout.shape)
    let flow = try builder.reshape(node.inputs[1], to: layout.shape)
    return [try builder.reshape(try inLayout(y, flow, &builder), to: builder.shape(node.inputs[0]))]
  }

  private func inLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let product = try builder.emit("Mul", [flow, y])
    let sum = try builder.emit("ReduceSum", [product, try builder.constant([1])])
    return try builder.emit("Mul", [y, try builder.emit("Sub", [flow, sum])])
  }
}
