package import Graphs
package import Kernels
import Tensors

/// Conv (ai.onnx 1…): convolution over one to three axes, with groups, strides, dilations and padding.
///
///     y[b, m, i, …] = Σ(c, u, …) x[b, c, i · s + u · d − p, …] · w[m, c, u, …] + bias[m]
///     db = Σ dy over images and positions; dx and dw see `ConvInputGradient` and `ConvWeightGradient`
///
/// Shapes: X [B, C, n…], W [M, C/group, k…], B [M] → [B, M, o…]. Float32 maps of two axes have their channels last when they
/// run, see `ChannelsLastConv`. Source: onnx/docs/Operators.md#Conv.
package struct Conv: Operator {
  package static let schema = OperatorSchema(
    "Conv", versions: 1..., inputs: ["X", "W", "B?"], outputs: ["Y"])

  /// How kernels lie over maps.
  package let form: ConvolutionForm

  /// A convolution; no zeros around the maps unless told otherwise.
  package init(group: Int = 1, strides: [Int]? = nil, dilations: [Int]? = nil, pads: [Int]? = nil) {
    form = ConvolutionForm(group: group, strides: strides, dilations: dilations, pads: pads)
  }

  /// The convolution of a form.
  package init(_ form: ConvolutionForm) { self.form = form }

  package init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
  }

  package var attributes: [Attribute] { form.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let shape = try form.geometry(inputs[0].shape, inputs[1].shape).shape
    if let bias = inputs.optional(2)?.shape, bias.extents != [shape.extents[1]] {
      throw .invalid("input 2 has shape \(bias), expected [\(shape.extents[1])]")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, shape) = try form.geometry(inputs[0].shape, inputs[1].shape)
    let sums = inputs.optional(2) == nil ? 0 : shape.elementCount
    return BoundKernel(
      inputs, .operations(geometry.operations(for: shape) &+ sums),
      scratchByteCount: Convolution.scratchByteCount(geometry, inputs[0].elementType, options),
      name: "columns"
    ) { operands in
      Convolution.forward(
        operands[0], operands[1], bias: operands.optional(2), geometry, into: operands.output(0),
        scratch: operands.scratch, options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let (x, w) = (site.inputs[0], site.inputs[1])
    var (dX, dW, dB): (String?, String?, String?)
    if site.needs(0) {
      dX = try gradient.emit(ConvInputGradient(form, shape: gradient.shape(x)), [dY, w])
    }
    if site.needs(1) {
      dW = try gradient.emit(ConvWeightGradient(form, shape: gradient.shape(w)), [dY, x])
    }
    if site.needs(2) {
      let axes = [0] + Array(2..<gradient.shape(dY).rank)
      dB = try gradient.emit(ReduceSum(keepsAxes: false), [dY, try gradient.constant(axes)])
    }
    return [dX, dW, dB]
  }
}

extension ConvolutionGeometry {
  /// Operations of each of the three products, without taps that meet nothing but padding, for outputs of a shape.
  func operations(for outputs: Shape) -> Int {
    let taps = isDepthwise ? axes.reduce(1) { $0 &* $1.liveTapCount } : tapCount
    return 2 &* outputs.elementCount &* channels &* taps
  }
}

/// Gradient of `Conv` with respect to its input, a transposed convolution.
///
///     dx[b, c, i · s + u · d − p, …] += Σ(m) dy[b, m, i, …] · w[m, c, u, …]
///
/// Domain dka.gradient: exists in plans only.
struct ConvInputGradient: Decomposable {
  static let schema = OperatorSchema(
    "ConvInputGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "W"], outputs: ["dX"])

  private let form: ConvolutionForm
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
    shape = try node.shape("input_shape")
  }

  init(_ form: ConvolutionForm, shape: Shape) { (self.form, self.shape) = (form, shape) }

  var attributes: [Attribute] { form.attributes + [Attribute("input_shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let expected = try form.geometry(shape, inputs[1].shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, maps) = try form.geometry(shape, inputs[1].shape)
    return BoundKernel(
      inputs, .operations(geometry.operations(for: maps)),
      scratchByteCount: Convolution.scratchByteCount(geometry, inputs[0].elementType, options),
      name: "columns"
    ) { operands in
      Convolution.inputGradient(
        operands[0], operands[1], geometry, into: operands.output(0), scratch: operands.scratch,
        options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let geometry = try form.geometry(shape, builder.shape(node.inputs[1])).geometry
    return [try builder.convolutionInputGradient(node.inputs[0], node.inputs[1], geometry)]
  }
}

/// Gradient of `Conv` with respect to its kernel.
///
///     dw[m, c, u, …] = Σ(b, i, …) dy[b, m, i, …] · x[b, c, i · s + u · d − p, …]
///
/// Domain dka.gradient: exists in plans only.
struct ConvWeightGradient: Decomposable {
  static let schema = OperatorSchema(
    "ConvWeightGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "X"], outputs: ["dW"])

  private let form: ConvolutionForm
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
    shape = try node.shape("weight_shape")
  }

  init(_ form: ConvolutionForm, shape: Shape) { (self.form, self.shape) = (form, shape) }

  var attributes: [Attribute] { form.attributes + [Attribute("weight_shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let expected = try form.geometry(inputs[1].shape, shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, maps) = try form.geometry(inputs[1].shape, shape)
    return BoundKernel(
      inputs, .operations(geometry.operations(for: maps)),
      scratchByteCount: Convolution.scratchByteCount(geometry, inputs[1].elementType, options),
      name: "columns"
    ) { operands in
      Convolution.weightGradient(
        operands[0], operands[1], geometry, into: operands.output(0), scratch: operands.scratch,
        options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let geometry = try form.geometry(builder.shape(node.inputs[1]), shape).geometry
    return [try builder.convolutionWeightGradient(node.inputs[0], node.inputs[1], geometry)]
  }
}
