import Graphs
import Kernels
import Tensors

/// Split (ai.onnx 2…): parts along `axis`, of given or equal extents.
///
/// Extents come from attribute `split` (to 12) or operand 1 (from 13), else the axis is cut into as many parts as the
/// node has results (or `num_outputs`, from 18) of ⌈n / parts⌉, the last one smaller where it does not divide.
/// Shapes: [a…, n, b…] → [a…, n_i, b…] each. Source: onnx/docs/Operators.md#Split.
struct Split: Rearranging, ShapeDeciding, OlderForm {
  static let schema = OperatorSchema(
    "Split", versions: 2..., inputs: ["input", "split?"], outputs: ["outputs..."])

  let axis: Int
  private let partCount: Int
  private let allowsUneven: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: 0)
    let count = node.version >= 18 ? try node.optionalInt("num_outputs") : nil
    partCount = count ?? node.node.outputs.count
    allowsUneven = count != nil
    guard partCount > 0, partCount >= node.outputCount, partCount <= 1 << 14 else {
      throw .invalid("attribute 'num_outputs' is \(partCount), the node has \(node.outputCount) outputs")
    }
  }

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    node.version >= 13 ? node.operands : node.operands.prefix(1) + [.integers(try node.optionalInts("split"))]
  }

  /// Without `num_outputs` the parts are as many as the node's results.
  var attributes: [Attribute] {
    [Attribute("axis", axis)] + (allowsUneven ? [Attribute("num_outputs", partCount)] : [])
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = inputs[0].shape
    guard let axis = shape.normalizedAxis(axis) else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(shape)")
    }
    return try extents(of: shape.extents[axis], given: try inputs.integers(1)).map { extent in
      var extents = shape.extents
      extents[axis] = extent
      return ValueType(inputs[0].elementType, Shape(extents))
    }
  }

  var shapeInputs: [Int] { [1] }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    let before = results[..<result].compactMap { $0 }
    // A part without a name has no type to tell its extent from.
    guard let axis = inputs[0].shape.normalizedAxis(axis), let shape = results[result]?.shape,
      before.count == result
    else { return nil }
    let start = before.reduce(0) { $0 + $1.shape[axis] }
    return shape[axis] == inputs[0].shape[axis]
      ? map : map.sliced(axis: axis, start: start, count: shape[axis], step: 1)
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let axis = try inputs.axis(axis)
    let strides = inputs[0].shape.strides
    var copies: [StridedCopy] = []
    var start = 0
    for type in try inferTypes(inputs) {
      copies.append(
        StridedCopy(
          DataMovement.Block(offset: start * strides[axis], strides: strides),
          DataMovement.Block(strides: type.shape.strides), extents: type.shape.extents))
      start += type.shape.extents[axis]
    }
    return BoundKernel(inputs, .movement) { [copies] operands in
      for (index, copy) in copies.enumerated() {
        if let target = operands.optionalOutput(index) { copy.run(operands[0], into: target, options) }
      }
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let shape = gradient.shape(site.inputs[0])
    guard let axis = shape.normalizedAxis(axis) else { return [] }
    let types = try inferTypes(gradient.graph.inputTypes(of: site.node))
    var pieces: [String] = []
    for (index, type) in types.enumerated() {
      let known = index < site.outputGradients.count ? site.outputGradients[index] : nil
      if let known {
        pieces.append(known)
      } else {
        let zero = try gradient.scalar(0, like: site.inputs[0])
        pieces.append(try gradient.emit(Expand(), [zero, try gradient.constant(type.shape.extents)]))
      }
    }
    return [try gradient.emit(Concat(axis: axis), pieces), nil]
  }

  private func extents(of extent: Int, given: [Int]?) throws(OperatorError) -> [Int] {
    if let given {
      // No sum of as many parts as a node has results leaves Int where each is at most the extent.
      guard given.count <= 1 << 14, given.allSatisfy({ $0 >= 0 && $0 <= extent }),
        given.reduce(0, +) == extent
      else { throw .invalid("parts \(given) do not add up to \(extent)") }
      return given
    }
    guard allowsUneven || extent % partCount == 0 else {
      throw .invalid("can't cut \(extent) into \(partCount) equal parts")
    }
    let part = (extent + partCount - 1) / partCount
    let last = extent - part * (partCount - 1)
    guard last >= 0 else { throw .invalid("can't cut \(extent) into \(partCount) parts of \(part)") }
    return [Int](repeating: part, count: partCount - 1) + [last]
  }
}
