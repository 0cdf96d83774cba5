import Graphs
import Kernels
import Tensors

/// GatherElements (ai.onnx 11…): one element per index, moved along one axis.
///
///     y[…, i, …] = x[…, indices[…, i, …], …]
///
/// Shapes: data [n…], indices of the same rank → like indices. Source: onnx/docs/Operators.md#GatherElements.
struct GatherElements: Operator {
  static let schema = OperatorSchema(
    "GatherElements", versions: 11..., inputs: ["data", "indices"], outputs: ["output"])

  let axis: Int

  init(axis: Int) { self.axis = axis }

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: 0)
  }

  var attributes: [Attribute] { [Attribute("axis", axis)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(1, isOneOf: [.int64, .int32])
    let axis = try inputs.axis(axis)
    try inputs.requireElementIndices(axis)
    return [ValueType(inputs[0].elementType, inputs[1].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let data = inputs[0].shape
    let axis = try inputs.axis(axis)
    return BoundKernel(inputs, .movement) { operands throws(OperatorError) in
      let starts = try operands[1].elementStarts(in: data, axis: axis)
      Indexing.gather(operands[0], starts, run: 1, into: operands.output(0))
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let zeros = try gradient.zeros(like: site.inputs[0])
    let operation = ScatterElements(axis: axis, .add)
    return [try gradient.emit(operation, [zeros, site.inputs[1], try site.gradient()]), nil]
  }
}

/// ScatterElements (ai.onnx 11…): a copy of `data` in which single elements are replaced or combined along one axis.
///
///     y = x;  y[…, indices[…, i, …], …] = updates[…, i, …]          or +=, ·=, min=, max=
///     reduction none or add: dupdates = dy at the indices;  dx = dy, for none with zeros there
///
/// Shapes: data [n…], indices and updates alike, of the same rank → like data.
/// Source: onnx/docs/Operators.md#ScatterElements.
struct ScatterElements: MemoryReusing {
  static let schema = OperatorSchema(
    "ScatterElements", versions: 11..., inputs: ["data", "indices", "updates"], outputs: ["output"])

  let axis: Int
  private let reduction: ScatterReduction

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: 0)
    reduction = try ScatterReduction(reading: node)
  }

  init(axis: Int, _ reduction: Indexing.Reduction = .none) {
    self.axis = axis
    self.reduction = ScatterReduction(kernel: reduction)
  }

  var attributes: [Attribute] { [Attribute("axis", axis)] + reduction.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(1, isOneOf: [.int64, .int32])
    try inputs.requireElementIndices(try inputs.axis(axis))
    guard inputs[1].shape == inputs[2].shape, inputs[0].elementType == inputs[2].elementType else {
      throw .invalid("updates \(inputs[2]) fit neither indices \(inputs[1].shape) nor data \(inputs[0])")
    }
    return [inputs[0]]
  }

  var reusableInputs: [Int] { [0] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let data = inputs[0].shape
    let axis = try inputs.axis(axis)
    let kernel = reduction.kernel
    return BoundKernel(inputs, reduction.work(on: inputs[2])) { operands throws(OperatorError) in
      let starts = try operands[1].elementStarts(in: data, axis: axis)
      DataMovement.copy(operands[0], into: operands.output(0))
      Indexing.scatter(operands[2], starts, run: 1, into: operands.output(0), kernel)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard reduction.kernel == .none || reduction.kernel == .add else {
      throw OperatorError(
        .notDifferentiable, "ScatterElements has a gradient for reduction none and add only")
    }
    let dY = try site.gradient()
    var dX: String?
    if site.needs(0) {
      dX =
        reduction.kernel == .add
        ? dY
        : try gradient.emit(
          ScatterElements(axis: axis), [dY, site.inputs[1], try gradient.zeros(like: site.inputs[2])])
    }
    let dUpdates = site.needs(2) ? try gradient.emit(GatherElements(axis: axis), [dY, site.inputs[1]]) : nil
    return [dX, nil, dUpdates]
  }
}

extension InputTypes {
  /// Refuses index tensors that reach beyond the data outside the axis along which they point.
  fileprivate func requireElementIndices(_ axis: Int) throws(OperatorError) {
    let (data, indices) = (self[0].shape, self[1].shape)
    guard data.rank == indices.rank,
      data.extents.indices.allSatisfy({ $0 == axis || indices.extents[$0] <= data.extents[$0] })
    else { throw .invalid("indices \(indices) don't fit data \(data)") }
  }
}

extension TensorView {
  /// The element of a tensor of shape `data` that each element of this index tensor names along `axis`.
  fileprivate func elementStarts(in data: Shape, axis: Int) throws(OperatorError) -> [Int] {
    var starts = try positions(extent: data.extents[axis])
    let strides = data.strides
    for index in starts.indices {
      starts[index] *= strides[axis]
      var remaining = index
      for other in shape.extents.indices.reversed() {
        if other != axis { starts[index] += remaining % shape.extents[other] * strides[other] }
        remaining /= shape.extents[other]
      }
    }
    return starts
  }
}
