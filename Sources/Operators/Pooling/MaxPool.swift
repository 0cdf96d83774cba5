package import Graphs
package import Kernels
import Tensors

/// MaxPool (ai.onnx 1…): the largest element of each window of a map, and where it stands.
///
///     y[b, c, i…] = max(t…) x[b, c, i · s + t · d − p…]          dx = dy at the first largest element of each window
///
/// Shapes: X [B, C, d…] of one to three axes → Y and Indices [B, C, o…]. Padding is never the largest; a window with an
/// element that is no number gives it. Source: onnx/docs/Operators.md#MaxPool.
package struct MaxPool: Operator {
  package static let schema = OperatorSchema(
    "MaxPool", versions: 1..., inputs: ["X"], outputs: ["Y", "Indices?"])

  let form: PoolingForm
  private let order: WindowPooling.StorageOrder

  package init(reading node: AttributeReader) throws(OperatorError) {
    form = try PoolingForm(reading: node)
    order = try node.flag("storage_order", default: false) ? .columns : .rows
  }

  /// The pooling whose indices count along rows.
  init(_ form: PoolingForm) { (self.form, order) = (form, .rows) }

  package var attributes: [Attribute] {
    form.attributes + [Attribute("storage_order", order == .columns ? 1 : 0)]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64, .int8, .uint8])
    let shape = try form.geometry(inputs[0].shape).shape
    return [ValueType(inputs[0].elementType, shape), ValueType(.int64, shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try form.geometry(inputs[0].shape).geometry
    let order = order
    return BoundKernel(
      inputs, .operations(geometry.operations),
      scratchByteCount: WindowPooling.scratchByteCount(geometry, inputs[0].elementType, options)
    ) { operands in
      WindowPooling.maximum(
        operands[0], geometry, into: operands.output(0), scratch: operands.scratch, options)
      if let indices = operands.optionalOutput(1) {
        WindowPooling.largestIndices(operands[0], geometry, order, into: indices, options)
      }
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(MaxPoolGradient(form), [try site.gradient(), site.inputs[0]])]
  }
}

/// Gradient of `MaxPool` with respect to its input.
///
/// Domain dka.gradient: exists in plans only.
struct MaxPoolGradient: Decomposable {
  static let schema = OperatorSchema(
    "MaxPoolGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "X"], outputs: ["dX"])

  private let form: PoolingForm

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try PoolingForm(reading: node)
  }

  init(_ form: PoolingForm) { self.form = form }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<2)
    let expected = try form.geometry(inputs[1].shape).shape
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [inputs[1]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let geometry = try form.geometry(inputs[1].shape).geometry
    return BoundKernel(inputs, .operations(geometry.operations &+ inputs[0].shape.elementCount)) { operands in
      WindowPooling.maximumGradient(operands[0], operands[1], geometry, into: operands.output(0), options)
    }
  }

  /// dx = zeros with dy added at the indices that MaxPool gives.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let (dY, x) = (node.inputs[0], node.inputs[1])
    let indices = try builder.emit(MaxPool(form), [x], resultCount: 2)[1]
    let (results, shape) = (builder.shape(dY).elementCount, builder.shape(x))
    let zeros = try builder.emit(
      Expand(), [try builder.scalar(0, like: dY), try builder.constant([shape.elementCount])])
    let flat = try builder.emit(
      ScatterND(.add),
      [
        zeros, try builder.reshape(indices, to: Shape([results, 1])),
        try builder.reshape(dY, to: Shape([results])),
      ])
    return [try builder.reshape(flat, to: shape)]
  }
}
