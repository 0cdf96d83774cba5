import Graphs
import Kernels
import Tensors

/// ConvTranspose (ai.onnx 1…): the adjoint of Conv by its input, with a bias.
///
///     y[b, m, i · s + u · d − p, …] += Σ(c) x[b, c, i, …] · w[c, m, u, …];  y += bias[m]
///     dx = Conv(dy, w);  dw = the kernel's gradient of that Conv;  db = Σ dy over images and positions
///
/// Pads come from `pads`, from `output_shape` or from `auto_pad`. Shapes: X [B, C, d…], W [C, M/group, k…], B [M] → [B, M, o…],
/// o = (d − 1) · s + output_padding + (k − 1) · dilation + 1 − pads. Source: onnx/docs/Operators.md#ConvTranspose.
struct ConvTranspose: Operator {
  static let schema = OperatorSchema(
    "ConvTranspose", versions: 1..., inputs: ["X", "W", "B?"], outputs: ["Y"])

  private let form: TransposedConvolutionForm

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try TransposedConvolutionForm(reading: node)
  }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let adjoint = try form.adjoint(inputs[0].shape, inputs[1].shape)
    if let bias = inputs.optional(2)?.shape, bias.extents != [adjoint.shape.extents[1]] {
      throw .invalid("input 2 has shape \(bias), expected [\(adjoint.shape.extents[1])]")
    }
    return [ValueType(inputs[0].elementType, adjoint.shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (convolution, shape) = try form.adjoint(inputs[0].shape, inputs[1].shape)
    let product = try ConvInputGradient(convolution, shape: shape).bind(
      InputTypes(
        types: [inputs[0], inputs[1]], constants: [inputs.known(0), inputs.known(1)], outputCount: 1), options
    )
    let sums = inputs.optional(2) == nil ? 0 : shape.elementCount
    let column = Shape([shape[1]] + [Int](repeating: 1, count: shape.rank - 2))
    return BoundKernel(
      inputs, .operations(product.operations &+ sums), scratchByteCount: product.scratchByteCount,
      name: product.name
    ) { operands throws(OperatorError) in
      let result = operands.output(0)
      try product.run(
        Operands(inputs: [operands[0], operands[1]], outputs: [result], scratch: operands.scratch))
      guard let bias = operands.optional(2) else { return }
      Elementwise.add(result, bias.reshaped(to: column), into: result, options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let (x, w) = (site.inputs[0], site.inputs[1])
    let convolution = try form.adjoint(gradient.shape(x), gradient.shape(w)).convolution
    var (dX, dW, dB): (String?, String?, String?)
    if site.needs(0) {
      let operation = Conv(
        group: convolution.group, strides: convolution.strides, dilations: convolution.dilations,
        pads: convolution.pads)
      dX = try gradient.emit(operation, [dY, w])
    }
    if site.needs(1) {
      dW = try gradient.emit(ConvWeightGradient(convolution, shape: gradient.shape(w)), [x, dY])
    }
    if site.needs(2) {
      let axes = [0] + Array(2..<gradient.shape(dY).rank)
      dB = try gradient.emit(ReduceSum(keepsAxes: false), [dY, try gradient.constant(axes)])
    }
    return [dX, dW, dB]
  }
}
