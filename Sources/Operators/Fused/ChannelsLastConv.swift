package import Graphs
package import Kernels
import Tensors

/// `Conv` of maps whose channels lie side by side, with what follows it in one pass (domain dka.fused).
///
///     Y = activation(X ∗ W + bias + residual)          GELU is applied before the residual is added
///     dX see `ChannelsLastConvInputGradient`, dW `ChannelsLastConvWeightGradient`, dbias = Σ dY, dresidual = dY
///
/// Shapes: X [B, H, W, C], W [M, C/group, KH, KW], bias [M], residual like Y → Y [B, OH, OW, M]. Depthwise ones take no
/// residual. The activation is added after differentiation, so there is no gradient through it.
package struct ChannelsLastConv: Decomposable, ProductWithEpilogue {
  package static let schema = OperatorSchema(
    "ChannelsLastConv", domain: "dka.fused", versions: 1..., inputs: ["X", "W", "bias?", "residual?"],
    outputs: ["Y"])

  /// How kernels lie over maps.
  package let form: ConvolutionForm
  package let activation: ProductActivation

  /// The convolution of a form, plain.
  package init(_ form: ConvolutionForm) { self.init(form, .none) }

  private init(_ form: ConvolutionForm, _ activation: ProductActivation) {
    (self.form, self.activation) = (form, activation)
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
    activation = try ProductActivation(reading: node)
  }

  package var attributes: [Attribute] { form.attributes + activation.attributes }

  package func with(_ activation: ProductActivation) -> ChannelsLastConv {
    ChannelsLastConv(form, activation)
  }

  package func takesResidual(_ inputs: InputTypes) -> Bool {
    activation.leavesRoomForResidual
      && (try? form.channelsLastGeometry(inputs[0].shape, inputs[1].shape))?.geometry.isDepthwise == false
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let (geometry, shape) = try form.channelsLastGeometry(inputs[0].shape, inputs[1].shape)
    if let bias = inputs.optional(2)?.shape, bias.extents != [shape[3]] {
      throw .invalid("bias has shape \(bias), expected [\(shape[3])]")
    }
    if let residual = inputs.optional(3)?.shape, residual != shape || geometry.isDepthwise {
      throw .invalid(
        "residual has shape \(residual), expected \(shape), and none for a depthwise convolution")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, shape) = try form.channelsLastGeometry(inputs[0].shape, inputs[1].shape)
    return .convolution(.forward, geometry, outputs: shape, inputs, options) { operands in
      ChannelsLastConvolution.forward(
        operands[0], operands[1], operands.kernels, bias: operands.optional(2),
        residual: operands.optional(3),
        activation, geometry, into: operands.output(0), scratch: operands.scratch, options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard activation == .none else {
      throw OperatorError(.notDifferentiable, "a convolution with activation has no gradient")
    }
    let dY = try site.gradient()
    let (x, w) = (site.inputs[0], site.inputs[1])
    var results: [String?] = site.inputs.map { _ in nil }
    if site.needs(0) {
      results[0] = try gradient.emit(
        ChannelsLastConvInputGradient(form, shape: gradient.shape(x)), [dY, w])
    }
    if site.needs(1) {
      results[1] = try gradient.emit(
        ChannelsLastConvWeightGradient(form, shape: gradient.shape(w)), [dY, x])
    }
    if site.needs(2) { results[2] = try gradient.sum(dY, toShapeOf: site.inputs[2]) }
    if site.needs(3) { results[3] = dY }
    return results
  }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let maps = try builder.emit(Transpose(MapAxes.toChannelsFirst), [node.inputs[0]])
    let sums = try builder.emit(
      Conv(form), [maps, node.inputs[1]] + (node.input(2).map { [$0] } ?? []))
    let result = try builder.emit(Transpose(MapAxes.toChannelsLast), [sums])
    return [try activation.emit(behind: result, residual: node.input(3), into: &builder)]
  }
}

/// Gradient of `ChannelsLastConv` by its maps (domain dka.gradient).
///
///     dX[b, h, w, c] = Σ(u, v, m) dY[b, (h + p − u · d) / s, (w + p − v · d) / s, m] · W[m, c, u, v] where s divides
///
/// Shapes: dY [B, OH, OW, M], W [M, C/group, KH, KW] → dX [B, H, W, C].
struct ChannelsLastConvInputGradient: Decomposable {
  static let schema = OperatorSchema(
    "ChannelsLastConvInputGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "W"],
    outputs: ["dX"])

  private let form: ConvolutionForm
  private let shape: Shape

  init(_ form: ConvolutionForm, shape: Shape) { (self.form, self.shape) = (form, shape) }

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
    shape = try node.shape("input_shape")
  }

  var attributes: [Attribute] { form.attributes + [Attribute("input_shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let expected = try form.channelsLastGeometry(shape, inputs[1].shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, maps) = try form.channelsLastGeometry(shape, inputs[1].shape)
    return .convolution(.input, geometry, outputs: maps, inputs, options) { operands in
      ChannelsLastConvolution.inputGradient(
        operands[0], operands[1], operands.kernels, geometry, into: operands.output(0),
        scratch: operands.scratch, options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let (geometry, _) = try form.channelsLastGeometry(shape, builder.shape(node.inputs[1]))
    let slopes = try builder.emit(Transpose(MapAxes.toChannelsFirst), [node.inputs[0]])
    let maps = try builder.convolutionInputGradient(slopes, node.inputs[1], geometry)
    return [try builder.emit(Transpose(MapAxes.toChannelsLast), [maps])]
  }
}

/// Gradient of `ChannelsLastConv` by its kernels (domain dka.gradient).
///
///     dW[m, c, u, v] = Σ(b, i, j) dY[b, i, j, m] · X[b, i · s + u · d − p, j · s + v · d − p, c]
///
/// Shapes: dY [B, OH, OW, M], X [B, H, W, C] → dW [M, C/group, KH, KW].
struct ChannelsLastConvWeightGradient: Decomposable {
  static let schema = OperatorSchema(
    "ChannelsLastConvWeightGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "X"],
    outputs: ["dW"])

  private let form: ConvolutionForm
  private let shape: Shape

  init(_ form: ConvolutionForm, shape: Shape) { (self.form, self.shape) = (form, shape) }

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try ConvolutionForm(reading: node)
    shape = try node.shape("weight_shape")
  }

  var attributes: [Attribute] { form.attributes + [Attribute("weight_shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let expected = try form.channelsLastGeometry(inputs[1].shape, shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (geometry, maps) = try form.channelsLastGeometry(inputs[1].shape, shape)
    return .convolution(.weight, geometry, outputs: maps, inputs, options) { operands in
      ChannelsLastConvolution.weightGradient(
        operands[0], operands[1], geometry, into: operands.output(0), scratch: operands.scratch, options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let (geometry, _) = try form.channelsLastGeometry(builder.shape(node.inputs[1]), shape)
    let slopes = try builder.emit(Transpose(MapAxes.toChannelsFirst), [node.inputs[0]])
    let maps = try builder.emit(Transpose(MapAxes.toChannelsFirst), [node.inputs[1]])
    return [try builder.convolutionWeightGradient(slopes, maps, geometry)]
  }
}
