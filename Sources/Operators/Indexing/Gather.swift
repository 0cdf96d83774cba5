package import Graphs
package import Kernels
import Tensors

/// Gather (ai.onnx 1…): the slices of an axis that an integer tensor names.
///
///     y[a…, i…, b…] = x[a…, indices[i…], b…]          dx[a…, j, b…] = Σ(i: indices[i] = j) dy[a…, i, b…]
///
/// Negative indices count from the end. Shapes: data [a…, n, b…], indices [i…] → [a…, i…, b…].
/// Source: onnx/docs/Operators.md#Gather.
package struct Gather: Rearranging {
  package static let schema = OperatorSchema(
    "Gather", versions: 1..., inputs: ["data", "indices"], outputs: ["output"])

  package let axis: Int

  package init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: 0)
  }

  /// The slices of an axis.
  package init(axis: Int = 0) { self.axis = axis }

  package var attributes: [Attribute] { [Attribute("axis", axis)] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(1, isOneOf: [.int64, .int32])
    let (source, indices) = (inputs[0].shape, inputs[1].shape)
    let axis = try inputs.axis(axis)
    let extents = Array(source.extents[..<axis]) + indices.extents + Array(source.extents[(axis + 1)...])
    guard let shape = Shape(checking: extents) else {
      throw .invalid("result of extents \(extents) is too large")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    let shape = inputs[0].shape
    guard let axis = shape.normalizedAxis(axis), inputs[1].shape.elementCount == 1,
      let index = inputs.known(1)?.integers?.first,
      index >= -shape.extents[axis], index < shape.extents[axis]
    else { return nil }
    var selected = map.selecting(index < 0 ? index + shape.extents[axis] : index, axis: axis)
    selected.axes.insert(contentsOf: inputs[1].shape.extents.map { _ in [] }, at: axis)
    return selected
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let axis = try inputs.axis(axis)
    let (outer, extent) = (shape.product(0..<axis), shape.extents[axis])
    let inner = shape.product((axis + 1)..<shape.rank)
    return BoundKernel(inputs, .movement) { operands throws(OperatorError) in
      let positions = try operands[1].positions(extent: extent)
      Indexing.gather(
        operands[0], positions, outer: outer, extent: extent, inner: inner, into: operands.output(0))
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let shape = gradient.shape(site.inputs[0])
    guard let axis = shape.normalizedAxis(axis) else { return [] }
    let operation = GatherGradient(axis: axis, shape: shape)
    return [try gradient.emit(operation, [try site.gradient(), site.inputs[1]]), nil]
  }
}

extension InputTypes {
  /// An axis of operand 0 counted from the front.
  func axis(_ axis: Int) throws(OperatorError) -> Int {
    guard let normalized = self[0].shape.normalizedAxis(axis) else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(self[0].shape)")
    }
    return normalized
  }
}

extension TensorView {
  /// The elements of an index tensor as positions in an axis of `extent` elements.
  func positions(extent: Int) throws(OperatorError) -> [Int] {
    switch Indexing.positions(self, extent: extent) {
    case .valid(let positions): return positions
    case .outOfRange(let index): throw .invalid("index \(index) is out of range for an extent of \(extent)")
    }
  }
}

/// Adds up the gradients of all slices that `Gather` took from the same place.
///
/// Domain dka.gradient: exists in plans only.
struct GatherGradient: Decomposable {
  static let schema = OperatorSchema(
    "GatherGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "indices"], outputs: ["dX"])

  let axis: Int
  let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis")
    guard let extents = try node.optionalInts("shape"), let shape = Shape(checking: extents),
      axis >= 0, axis < shape.rank
    else { throw .invalid("lacks attribute 'shape' or its axis") }
    self.shape = shape
  }

  init(axis: Int, shape: Shape) { (self.axis, self.shape) = (axis, shape) }

  var attributes: [Attribute] { [Attribute("axis", axis), Attribute("shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (outer, extent) = (shape.product(0..<axis), shape.extents[axis])
    let inner = shape.product((axis + 1)..<shape.rank)
    return BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands throws(OperatorError) in
      let positions = try operands[1].positions(extent: extent)
      Indexing.scatterSum(
        operands[0], positions, outer: outer, extent: extent, inner: inner, into: operands.output(0))
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    [try builder.scatterSum(node.inputs[0], at: node.inputs[1], axis: axis, into: shape)]
  }
}

extension GradientBuilder {
  /// Adds the slices of a value into zeros, at the places along `axis` that the indices name, by standard operators.
  ///
  /// The axis moves to the front, where ScatterND adds whole slices. Shapes: value [a…, i…, b…], indices [i…] → `shape`
  /// [a…, n, b…].
  mutating func scatterSum(_ value: String, at indices: String, axis: Int, into shape: Shape)
    throws(OperatorError) -> String
  {
    let count = self.shape(indices).elementCount
    let (outer, inner) = (shape.product(0..<axis), shape.product((axis + 1)..<shape.rank))
    let slices = try reshape(value, to: Shape([outer, count, inner]))
    let moved = try emit(Transpose([1, 0, 2]), [slices])
    let zeros = try emit(
      Expand(), [try scalar(0, like: value), try constant([shape.extents[axis], outer, inner])])
    let places = try reshape(indices, to: Shape([count, 1]))
    let wide =
      type(places).elementType == .int64
      ? places : try emit(Cast(to: .int64), [places])
    let sums = try emit(ScatterND(.add), [zeros, wide, moved])
    let back = try emit(Transpose([1, 0, 2]), [sums])
    return try reshape(back, to: shape)
  }
}
