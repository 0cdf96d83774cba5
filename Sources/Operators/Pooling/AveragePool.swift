import Graphs
import Kernels
import Tensors

/// AveragePool (ai.onnx 1…): the mean of each window of a map.
///
///     y[b, c, i…] = Σ(t…) x[b, c, i · s + t · d − p…] / count          dx = Σ over the windows of an element of dy / count
///
/// The count is of elements in the map, or with `count_include_pad` of those in padding too. Shapes: X [B, C, d…] of one to
/// three axes → [B, C, o…]. Source: onnx/docs/Operators.md#AveragePool.
struct AveragePool: Operator {
  static let schema = OperatorSchema("AveragePool", versions: 1..., inputs: ["X"], outputs: ["Y"])

  private let form: PoolingForm
  private let countsPadding: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try PoolingForm(reading: node)
    countsPadding = try node.flag("count_include_pad", default: false)
  }

  var attributes: [Attribute] {
    form.attributes + [Attribute("count_include_pad", countsPadding ? 1 : 0)]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(inputs[0].elementType, try form.geometry(inputs[0].shape).shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try form.geometry(inputs[0].shape).geometry
    let countsPadding = countsPadding
    return BoundKernel(
      inputs, .operations(geometry.operations),
      scratchByteCount: WindowPooling.scratchByteCount(geometry, inputs[0].elementType, options)
    ) { operands in
      WindowPooling.mean(
        operands[0], geometry, countsPadding: countsPadding, into: operands.output(0),
        scratch: operands.scratch, options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let operation = AveragePoolGradient(
      form, countsPadding: countsPadding, shape: gradient.shape(site.inputs[0]))
    return [try gradient.emit(operation, [try site.gradient()])]
  }
}

/// Gradient of `AveragePool` with respect to its input.
///
/// Domain dka.gradient: exists in plans only.
struct AveragePoolGradient: Operator {
  static let schema = OperatorSchema(
    "AveragePoolGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY"], outputs: ["dX"])

  private let form: PoolingForm
  private let countsPadding: Bool
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try PoolingForm(reading: node)
    countsPadding = try node.flag("count_include_pad", default: false)
    shape = try node.shape("input_shape")
  }

  init(_ form: PoolingForm, countsPadding: Bool, shape: Shape) {
    (self.form, self.countsPadding, self.shape) = (form, countsPadding, shape)
  }

  var attributes: [Attribute] {
    form.attributes + [
      Attribute("count_include_pad", countsPadding ? 1 : 0), Attribute("input_shape", shape.extents),
    ]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    let expected = try form.geometry(shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try form.geometry(shape).geometry
    let countsPadding = countsPadding
    return BoundKernel(inputs, .operations(geometry.operations)) { operands in
      WindowPooling.meanGradient(
        operands[0], geometry, countsPadding: countsPadding, into: operands.output(0), options)
    }
  }
}
