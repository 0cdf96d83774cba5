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

  private let attributes: PoolingAttributes
  private let countsPadding: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    attributes = try PoolingAttributes(reading: node)
    countsPadding = try node.flag("count_include_pad", default: false)
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(inputs[0].elementType, try attributes.geometry(inputs[0].shape).shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try attributes.geometry(inputs[0].shape).geometry
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
    let shape = Attribute("input_shape", gradient.shape(site.inputs[0]).extents)
    return [
      try gradient.emit(AveragePoolGradient.self, [try site.gradient()], site.attributes + [shape])
    ]
  }
}

/// Gradient of `AveragePool` with respect to its input.
///
/// Domain dka.gradient: exists in plans only.
struct AveragePoolGradient: Operator {
  static let schema = OperatorSchema(
    "AveragePoolGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY"], outputs: ["dX"])

  private let attributes: PoolingAttributes
  private let countsPadding: Bool
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    attributes = try PoolingAttributes(reading: node)
    countsPadding = try node.flag("count_include_pad", default: false)
    guard let shape = Shape(checking: try node.optionalInts("input_shape") ?? []) else {
      throw .invalid("lacks attribute 'input_shape'")
    }
    self.shape = shape
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    let expected = try attributes.geometry(shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try attributes.geometry(shape).geometry
    let countsPadding = countsPadding
    return BoundKernel(inputs, .operations(geometry.operations)) { operands in
      WindowPooling.meanGradient(
        operands[0], geometry, countsPadding: countsPadding, into: operands.output(0), options)
    }
  }
}
