import Graphs
import Kernels
import Tensors

/// Pad (ai.onnx 2…): elements added before and after along each axis, or removed where a pad is negative.
///
/// The new elements are one value (`constant`), the border's (`edge`), mirrored (`reflect`) or periodic (`wrap`). Pads
/// come from attributes (to 10) or operands (from 11), for some axes only from 18.
///
///     dx[j] = Σ(i: source of i is j) dy[i]
///
/// Shapes: data [n…] → [before + n + after…]. Source: onnx/docs/Operators.md#Pad.
struct Pad: ShapeDeciding, OlderForm, Rearranging {
  static let schema = OperatorSchema(
    "Pad", versions: 2..., inputs: ["data", "pads?", "constant_value?", "axes?"], outputs: ["output"])

  private let mode: PadMode

  /// New elements that are zero, or one value.
  init() { mode = .constant }

  init(reading node: AttributeReader) throws(OperatorError) {
    let known = node.version >= 19 ? PadMode.allCases : PadMode.allCases.filter { $0 != .wrap }
    let text = try node.text("mode", oneOf: known.map(\.rawValue))
    mode = PadMode(rawValue: text) ?? .constant
  }

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    guard node.version < 11 else { return node.operands }
    guard let pads = try node.optionalInts("pads") else { throw .invalid("lacks attribute 'pads'") }
    let value = try node.float("value", default: 0)
    return node.operands.prefix(1) + [.integers(pads), .number(value == 0 ? nil : value)]
  }

  var attributes: [Attribute] { [Attribute("mode", mode.rawValue)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let pads = try pads(inputs)
    let source = inputs[0].shape
    if let value = inputs.optional(2) {
      guard value.elementType == inputs[0].elementType, value.shape.elementCount == 1 else {
        throw .invalid("input 2 (constant_value) is \(value), expected one \(inputs[0].elementType.name)")
      }
    }
    return [ValueType(inputs[0].elementType, try pads.shape(of: source, mode: mode))]
  }

  var shapeInputs: [Int] { [1, 3] }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // Pads that can't be read were refused when the node was typed; what adds elements is no rearrangement.
    guard let pads = try? pads(inputs), (pads.before + pads.after).allSatisfy({ $0 <= 0 }) else { return nil }
    return inputs[0].shape.extents.enumerated().reduce(map) { map, axis in
      let (before, after) = (pads.before[axis.offset], pads.after[axis.offset])
      guard before < 0 || after < 0 else { return map }
      return map?.sliced(
        axis: axis.offset, start: -before, count: axis.element + before + after, step: 1)
    }
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let pads = try pads(inputs)
    let source = inputs[0].shape
    guard mode == .constant else {
      let tables = pads.tables(of: source, mode: mode)
      return BoundKernel(inputs, .movement) { operands in
        IndexedMovement.gather(operands[0], tables: tables, into: operands.output(0))
      }
    }
    let target = try pads.shape(of: source, mode: mode)
    let interior = pads.interior(of: source)
    let copy = StridedCopy(
      DataMovement.Block(offset: interior.sourceOffset(source), strides: source.strides),
      DataMovement.Block(offset: interior.targetOffset(target), strides: target.strides),
      extents: interior.extents)
    return BoundKernel(inputs, .movement) { operands in
      let result = operands.output(0)
      if let value = operands.optional(2) {
        DataMovement.fill(result, with: value)
      } else {
        DataMovement.clear(result)
      }
      copy.run(operands[0], into: result, options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let pads = try pads(gradient.graph.inputTypes(of: site.node))
    let source = gradient.shape(site.inputs[0])
    let dY = try site.gradient()
    let rest = [String?](repeating: nil, count: site.inputs.count - 1)
    if site.needs(2) {
      throw OperatorError(.notDifferentiable, "Pad has no gradient with respect to its constant value")
    }
    guard mode == .constant else {
      return [try gradient.emit(PadGradient(mode: mode, pads: pads, shape: source), [dY])] + rest
    }
    return [try gradient.pad(dY, before: pads.before.map { -$0 }, after: pads.after.map { -$0 })] + rest
  }

  private func pads(_ inputs: InputTypes) throws(OperatorError) -> PadAmounts {
    let rank = inputs[0].shape.rank
    guard let pads = try inputs.integers(1) else { throw .invalid("lacks input 1 (pads)") }
    return try PadAmounts(pads, axes: try inputs.integers(3), of: inputs[0].shape, rank: rank)
  }
}

/// How elements outside the operand are made.
enum PadMode: String, CaseIterable {
  case constant
  case reflect
  case edge
  case wrap

  /// The position in an axis of `extent` elements that stands for `index`, which may lie outside.
  func source(of index: Int, extent: Int) -> Int {
    switch self {
    case .constant, .edge: return min(max(index, 0), extent - 1)
    case .wrap:
      let remainder = index % extent
      return remainder < 0 ? remainder + extent : remainder
    case .reflect:
      guard extent > 1 else { return 0 }
      let period = 2 * (extent - 1)
      let remainder = index % period
      let phase = remainder < 0 ? remainder + period : remainder
      return phase < extent ? phase : period - phase
    }
  }
}

/// Elements added before and after, per axis of the operand.
struct PadAmounts {
  private(set) var before: [Int]
  private(set) var after: [Int]

  /// Amounts that the program itself computed.
  init(before: [Int], after: [Int]) {
    self.before = before
    self.after = after
  }

  /// Reads ONNX's list: all that come before, then all that come after, for the given axes or for all.
  init(_ pads: [Int], axes: [Int]?, of shape: Shape, rank: Int) throws(OperatorError) {
    before = [Int](repeating: 0, count: rank)
    after = before
    let axes = axes ?? Array(0..<rank)
    guard pads.count == 2 * axes.count else {
      throw .invalid("\(pads.count) pads for \(axes.count) axes, expected two per axis")
    }
    for (index, given) in axes.enumerated() {
      guard let axis = shape.normalizedAxis(given) else {
        throw .invalid("axis \(given) is out of range for \(shape)")
      }
      let range = -(1 << 48)...(1 << 48)
      guard range.contains(pads[index]), range.contains(pads[index + axes.count]) else {
        throw .invalid("pads \(pads) are out of range")
      }
      before[axis] = pads[index]
      after[axis] = pads[index + axes.count]
    }
  }

  /// The result's shape.
  func shape(of source: Shape, mode: PadMode) throws(OperatorError) -> Shape {
    let extents = source.extents.indices.map { before[$0] + source.extents[$0] + after[$0] }
    guard let shape = Shape(checking: extents) else {
      throw .invalid("can't pad \(source) by \(before) and \(after)")
    }
    if mode != .constant, shape.elementCount > 0, source.elementCount == 0 {
      throw .invalid("can't pad the empty \(source) with its own elements")
    }
    return shape
  }

  /// Per axis, the element of the operand that each position of the result shows.
  func tables(of source: Shape, mode: PadMode) -> [[Int]] {
    source.extents.indices.map { axis in
      let extent = source.extents[axis]
      return (0..<max(before[axis] + extent + after[axis], 0)).map {
        mode.source(of: $0 - before[axis], extent: extent)
      }
    }
  }

  /// The part of the operand that the result keeps.
  struct Interior {
    let sourceStarts: [Int]
    let targetStarts: [Int]
    let extents: [Int]

    func sourceOffset(_ shape: Shape) -> Int {
      zip(sourceStarts, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func targetOffset(_ shape: Shape) -> Int {
      zip(targetStarts, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  /// The part of the operand that the result keeps.
  func interior(of source: Shape) -> Interior {
    Interior(
      sourceStarts: before.map { max(-$0, 0) }, targetStarts: before.map { max($0, 0) },
      extents: source.extents.indices.map {
        max(source.extents[$0] + min(before[$0], 0) + min(after[$0], 0), 0)
      })
  }
}

extension GradientBuilder {
  /// Zeros put around a value, or elements removed where an amount is negative.
  package mutating func pad(_ value: String, before: [Int], after: [Int]) throws(OperatorError) -> String {
    if (before + after).allSatisfy({ $0 == 0 }) { return value }
    if (before + after).allSatisfy({ $0 <= 0 }) {
      let shape = shape(value)
      let axes = before.indices.filter { before[$0] != 0 || after[$0] != 0 }
      return try emit(
        Slice(),
        [
          value, try constant(axes.map { -before[$0] }),
          try constant(axes.map { shape.extents[$0] + after[$0] }),
          try constant(axes),
        ])
    }
    return try emit(Pad(), [value, try constant(before + after)])
  }
}

/// Adds up the gradients of all positions that showed an element of the operand.
///
/// Domain dka.gradient: exists in plans only.
struct PadGradient: Decomposable {
  static let schema = OperatorSchema(
    "PadGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY"], outputs: ["dX"])

  private let mode: PadMode
  private let pads: PadAmounts
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    let text = try node.text("mode", oneOf: PadMode.allCases.map(\.rawValue))
    guard let before = try node.optionalInts("before"), let after = try node.optionalInts("after"),
      let extents = try node.optionalInts("shape"), let shape = Shape(checking: extents)
    else { throw .invalid("lacks attribute 'before', 'after' or 'shape'") }
    mode = PadMode(rawValue: text) ?? .constant
    pads = PadAmounts(before: before, after: after)
    self.shape = shape
  }

  init(mode: PadMode, pads: PadAmounts, shape: Shape) {
    (self.mode, self.pads, self.shape) = (mode, pads, shape)
  }

  var attributes: [Attribute] {
    [
      Attribute("mode", mode.rawValue), Attribute("before", pads.before), Attribute("after", pads.after),
      Attribute("shape", shape.extents),
    ]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let isEmpty = inputs[0].shape.elementCount == 0
    let tables = isEmpty ? [] : pads.tables(of: shape, mode: mode)
    return BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands in
      guard !isEmpty else { return DataMovement.clear(operands.output(0)) }
      IndexedMovement.scatterSum(operands[0], tables: tables, into: operands.output(0))
    }
  }

  /// Axis by axis, adds the slices up at the positions whose elements they showed.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    var result = node.inputs[0]
    for (axis, table) in pads.tables(of: shape, mode: mode).enumerated()
    where pads.before[axis] != 0 || pads.after[axis] != 0 {
      var extents = builder.shape(result).extents
      extents[axis] = shape.extents[axis]
      result = try builder.scatterSum(
        result, at: try builder.constant(table), axis: axis, into: Shape(extents))
    }
    return [result]
  }
}
