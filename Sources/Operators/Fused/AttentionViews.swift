import Graphs
import Kernels
import Tensors

/// What the attributes of `FusedAttention` and its gradient say: sizes, windows into the operands, scale.
struct AttentionViews: Sendable {
  /// Sizes and layouts.
  let geometry: AttentionGeometry
  /// Operand (0, 1 or 2) that holds Q, K and V.
  let sources: [Int]
  /// Shape of the result.
  let outputShape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    func list(_ name: String, count: Int?) throws(OperatorError) -> [Int] {
      guard let values = try node.optionalInts(name), count == nil || values.count == count,
        values.allSatisfy({ $0 >= 0 && $0 < 1 << 48 })
      else { throw .invalid("attribute '\(name)' is missing, negative or of another length") }
      return values
    }
    let sizes = try list("sizes", count: 6)
    let views = [
      try list("q_view", count: 6), try list("k_view", count: 6), try list("v_view", count: 6),
    ]
    let output = try list("output_strides", count: 4)
    guard sizes.allSatisfy({ $0 > 0 }), views.allSatisfy({ $0[0] < 3 }),
      let shape = Shape(checking: try list("output_shape", count: nil)),
      let sums = Shape(checking: Array(sizes[..<3])),
      Shape(checking: [sums.elementCount, max(sizes[3], sizes[4], sizes[5])]) != nil,
      Shape(checking: [sizes[0], sizes[1], sizes[3], max(sizes[4], sizes[5])]) != nil
    else { throw .invalid("its sizes, views or output shape are impossible") }
    func view(_ values: [Int]) -> AttentionGeometry.View {
      AttentionGeometry.View(
        offset: values[1], batch: values[2], head: values[3], token: values[4], channel: values[5])
    }
    var mask: AttentionGeometry.View?
    if node.has("mask_strides") { mask = view([0, 0] + (try list("mask_strides", count: 4))) }
    geometry = AttentionGeometry(
      batch: sizes[0], heads: sizes[1], queries: sizes[2], keys: sizes[3], channels: sizes[4],
      valueChannels: sizes[5], query: view(views[0]), key: view(views[1]), value: view(views[2]),
      output: view([0, 0] + output), mask: mask, scale: Double(try node.float("scale", default: 1)))
    sources = views.map { $0[0] }
    outputShape = shape
    logSumExpShape = sums
  }

  /// Number of operands among which Q, K and V are.
  var sourceCount: Int { (sources.max() ?? 0) + 1 }

  /// Shape of the log of the sums.
  let logSumExpShape: Shape

  /// Operations of the two products Q Kᵀ and P V.
  var productOperations: Int {
    let g = geometry
    return 2 &* g.batch &* g.heads &* g.queries &* g.keys &* (g.channels &+ g.valueChannels)
  }

  /// Name of the kernel that computes elements of a type.
  func kernel(_ type: ElementType) -> String {
    WindowedAttention.isFast(geometry, type) ? "fast" : "reference"
  }

  /// Whether the windows into an operand leave none of its elements out and are all overwritten by the gradient.
  func covers(_ source: Int, _ operand: ValueType) -> Bool {
    let g = geometry
    let counts = [g.queries * g.channels, g.keys * g.channels, g.keys * g.valueChannels]
    let covered = zip(sources, counts).filter { $0.0 == source }.reduce(0) { $0 + $1.1 } * g.batch * g.heads
    return operand.elementType == .float32 && covered == operand.shape.elementCount
      && [g.query.channel, g.key.channel, g.value.channel, g.output.channel].allSatisfy { $0 == 1 }
  }

  /// The attributes of the attention of the queries `range` alone; nil where `axis` of a dense result is not their axis.
  func narrowed(_ attributes: [Attribute], axis: Int, to range: Range<Int>) -> [Attribute]? {
    let extents = outputShape.extents
    let g = geometry
    // Behind the axis lies all of one query, in front of it the images.
    guard axis < extents.count, extents[axis] == g.queries,
      outputShape.product(0..<axis) == g.batch,
      outputShape.product((axis + 1)..<extents.count) == g.output.token,
      g.output.token == g.heads * g.valueChannels,
      g.batch == 1 || g.output.batch == g.queries * g.output.token,
      g.mask?.token ?? 0 == 0
    else { return nil }
    var narrow = extents
    narrow[axis] = range.count
    return attributes.map { attribute in
      guard case .ints(var values) = attribute.value else { return attribute }
      switch attribute.name {
      case "sizes": values[2] = Int64(range.count)
      case "q_view": values[1] += Int64(range.lowerBound * g.query.token)
      case "output_shape": values = narrow.map(Int64.init)
      case "output_strides": values[0] = Int64(range.count * g.output.token)
      default: break
      }
      return Attribute(attribute.name, values.map { Int($0) })
    }
  }

  /// Checks that every window lies within its operand.
  func check(_ inputs: InputTypes) throws(OperatorError) {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let g = geometry
    for (index, (view, extents)) in [
      (g.query, [g.batch, g.heads, g.queries, g.channels]), (g.key, [g.batch, g.heads, g.keys, g.channels]),
      (g.value, [g.batch, g.heads, g.keys, g.valueChannels]),
    ].enumerated() {
      guard let source = inputs.optional(sources[index]) else {
        throw .invalid("lacks input \(sources[index]), into which a view points")
      }
      try Self.check(view, extents, within: source.shape, what: "view \(index)")
    }
    try Self.check(
      g.output, [g.batch, g.heads, g.queries, g.valueChannels], within: outputShape, what: "the output")
    guard outputShape.elementCount == g.batch * g.heads * g.queries * g.valueChannels else {
      throw .invalid("output shape \(outputShape) does not fit its sizes")
    }
    if let mask = g.mask {
      guard let type = inputs.optional(3) else { throw .invalid("lacks input 3 (mask)") }
      try Self.check(mask, [g.batch, g.heads, g.queries, g.keys], within: type.shape, what: "the mask")
    }
  }

  private static func check(
    _ view: AttentionGeometry.View, _ extents: [Int], within shape: Shape, what: String
  ) throws(OperatorError) {
    var last = view.offset
    var isValid = true
    for (extent, stride) in zip(extents, [view.batch, view.head, view.token, view.channel]) {
      let (step, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflowed) = last.addingReportingOverflow(step)
      isValid = isValid && !overflow && !overflowed
      last = sum
    }
    guard isValid, last < shape.elementCount else {
      throw .invalid("\(what) reaches beyond \(shape.elementCount) elements")
    }
  }
}
