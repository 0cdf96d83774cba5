import Graphs
import Kernels
import Tensors

/// What `FusedAttention` and its gradient know beside their operands: sizes, windows into the operands, scale.
package struct AttentionViews: Sendable {
  /// Sizes and layouts.
  private(set) var geometry: AttentionGeometry
  /// Operand (0, 1 or 2) that holds Q, K and V.
  let sources: [Int]
  /// Shape of the result.
  private(set) var outputShape: Shape

  /// Shape of the log of the sums.
  var logSumExpShape: Shape { Shape([geometry.batch, geometry.heads, geometry.queries]) }

  /// Windows into operands.
  ///
  /// - Parameters:
  ///   - sizes: extents of batch, heads, queries, keys, channels of Q and K, channels of V.
  ///   - views: for Q, K and V the operand, its first element, and the strides of batch, head, token and channel.
  ///   - scale: what the scores are multiplied with.
  ///   - maskStrides: of batch, head, query and key; empty without a mask.
  ///   - outputStrides: of batch, head, token and channel.
  ///   - headScales: one scale per head in place of `scale`; empty otherwise.
  ///   - maskKinds: which mask batch b has, at b modulo their number; empty where each batch has its own.
  ///   - rows: where batches are windows of images, the row of its image in which token n of window w lies, at w · queries + n.
  ///     They are all rows of an image in some order; strides of batch and token are those of images and rows then.
  package init(
    sizes: [Int], views: [[Int]], scale: Float, maskStrides: [Int], outputShape: [Int], outputStrides: [Int],
    headScales: [Float] = [], maskKinds: [Int] = [], rows: [Int] = []
  ) throws(OperatorError) {
    let lists = [(sizes, 6), (outputStrides, 4)] + views.map { ($0, 6) }
    let all = lists.flatMap(\.0) + maskStrides + outputShape
    guard views.count == 3, lists.allSatisfy({ $0.0.count == $0.1 }), [0, 4].contains(maskStrides.count),
      all.allSatisfy({ $0 >= 0 && $0 < 1 << 48 })
    else { throw .invalid("its sizes, views or strides are negative or of another length") }
    guard sizes.allSatisfy({ $0 > 0 }), views.allSatisfy({ $0[0] < 3 }),
      let shape = Shape(checking: outputShape), let sums = Shape(checking: Array(sizes[..<3])),
      Shape(checking: [sums.elementCount, max(sizes[3], sizes[4], sizes[5])]) != nil,
      Shape(checking: [sizes[0], sizes[1], sizes[3], max(sizes[4], sizes[5])]) != nil
    else { throw .invalid("its sizes, views or output shape are impossible") }
    func view(_ offset: Int, _ strides: ArraySlice<Int>) -> AttentionGeometry.View {
      let strides = Array(strides)
      return AttentionGeometry.View(
        offset: offset, batch: strides[0], head: strides[1], token: strides[2], channel: strides[3])
    }
    geometry = AttentionGeometry(
      batch: sizes[0], heads: sizes[1], queries: sizes[2], keys: sizes[3], channels: sizes[4],
      valueChannels: sizes[5], query: view(views[0][1], views[0][2...]),
      key: view(views[1][1], views[1][2...]), value: view(views[2][1], views[2][2...]),
      output: view(0, outputStrides[...]), mask: maskStrides.isEmpty ? nil : view(0, maskStrides[...]),
      scale: Double(scale))
    sources = views.map { $0[0] }
    self.outputShape = shape
    guard headScales.isEmpty || headScales.count == geometry.heads, headScales.allSatisfy(\.isFinite) else {
      throw .invalid("has \(headScales.count) scales for \(geometry.heads) heads, or one that is not finite")
    }
    guard maskKinds.allSatisfy({ 0..<geometry.batch ~= $0 }), maskKinds.count <= geometry.batch else {
      throw .invalid("a kind of mask is not below the \(geometry.batch) batches")
    }
    if !rows.isEmpty {
      guard geometry.queries == geometry.keys, rows.count % geometry.queries == 0,
        geometry.batch % (rows.count / geometry.queries) == 0, rows.sorted() == Array(rows.indices)
      else { throw .invalid("its rows are not those of whole windows, each once") }
    }
    geometry.headScales = headScales
    geometry.maskKinds = maskKinds.map(UInt32.init)
    geometry.rows = rows.map(UInt32.init)
  }

  /// The same attention on windows of images, whose rows lie as `rows` lists.
  ///
  /// All views are of whole rows, one after the other; `outputShape` holds the rows of all images in their order.
  package func reading(rows: [Int], outputShape: [Int]) throws(OperatorError) -> AttentionViews {
    let g = geometry
    let windows = rows.count / g.queries
    func list(_ view: AttentionGeometry.View) -> [Int] {
      [view.batch * windows, view.head, view.token, view.channel]
    }
    let views = zip(sources, [g.query, g.key, g.value]).map { [$0, $1.offset] + list($1) }
    return try AttentionViews(
      sizes: [g.batch, g.heads, g.queries, g.keys, g.channels, g.valueChannels], views: views,
      scale: Float(g.scale), maskStrides: maskStrides, outputShape: outputShape,
      outputStrides: list(g.output), headScales: g.headScales, maskKinds: g.maskKinds.map(Int.init),
      rows: rows)
  }

  private var maskStrides: [Int] {
    geometry.mask.map { [$0.batch, $0.head, $0.token, $0.channel] } ?? []
  }

  /// Queries of a batch.
  package var queries: Int { geometry.queries }

  /// Whether every operand and the result hold whole rows, one after the other, each of all heads: what `reading` needs.
  package var holdsRows: Bool {
    let g = geometry
    guard g.rows.isEmpty, g.queries == g.keys else { return false }
    return [
      (g.query, g.channels), (g.key, g.channels), (g.value, g.valueChannels), (g.output, g.valueChannels),
    ].allSatisfy { view, channels in
      view.token > 0 && view.batch == g.queries * view.token
        && view.offset + (g.heads - 1) * view.head + (channels - 1) * view.channel < view.token
    }
  }

  init(reading node: AttributeReader) throws(OperatorError) {
    func list(_ name: String) throws(OperatorError) -> [Int] {
      guard let values = try node.optionalInts(name) else { throw .invalid("lacks attribute '\(name)'") }
      return values
    }
    try self.init(
      sizes: try list("sizes"), views: [try list("q_view"), try list("k_view"), try list("v_view")],
      scale: try node.float("scale", default: 1), maskStrides: try node.optionalInts("mask_strides") ?? [],
      outputShape: try list("output_shape"), outputStrides: try list("output_strides"),
      headScales: try node.optionalFloats("head_scales") ?? [],
      maskKinds: try node.optionalInts("mask_kinds") ?? [], rows: try node.optionalInts("rows") ?? [])
  }

  var attributes: [Attribute] {
    func strides(_ view: AttentionGeometry.View) -> [Int] {
      [view.batch, view.head, view.token, view.channel]
    }
    let g = geometry
    let windows = zip(["q_view", "k_view", "v_view"], zip(sources, [g.query, g.key, g.value])).map {
      Attribute($0, [$1.0, $1.1.offset] + strides($1.1))
    }
    return [
      Attribute("sizes", [g.batch, g.heads, g.queries, g.keys, g.channels, g.valueChannels])
    ] + windows + [Attribute("scale", Float(g.scale))]
      + (g.mask.map { [Attribute("mask_strides", strides($0))] } ?? [])
      + [Attribute("output_shape", outputShape.extents), Attribute("output_strides", strides(g.output))]
      + (g.headScales.isEmpty ? [] : [Attribute("head_scales", .floats(g.headScales))])
      + (g.maskKinds.isEmpty ? [] : [Attribute("mask_kinds", g.maskKinds.map(Int.init))])
      + (g.rows.isEmpty ? [] : [Attribute("rows", g.rows.map(Int.init))])
  }

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

  /// The attention of the queries `range` alone; nil where `axis` of a dense result is not their axis.
  func narrowed(axis: Int, to range: Range<Int>) -> AttentionViews? {
    let extents = outputShape.extents
    let g = geometry
    // Behind the axis lies all of one query, in front of it the images.
    guard g.rows.isEmpty, axis < extents.count, extents[axis] == g.queries,
      outputShape.product(0..<axis) == g.batch,
      outputShape.product((axis + 1)..<extents.count) == g.output.token,
      g.output.token == g.heads * g.valueChannels,
      g.batch == 1 || g.output.batch == g.queries * g.output.token,
      g.mask?.token ?? 0 == 0
    else { return nil }
    var narrow = self
    narrow.geometry.queries = range.count
    narrow.geometry.query.offset += range.lowerBound * g.query.token
    narrow.geometry.output.batch = range.count * g.output.token
    narrow.outputShape = Shape(extents[..<axis] + [range.count] + extents[(axis + 1)...])
    return narrow
  }

  /// Checks that every window lies within its operand.
  func check(_ inputs: InputTypes) throws(OperatorError) {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let g = geometry
    let (images, queries, keys) = (g.batch / g.windows, g.queries * g.windows, g.keys * g.windows)
    for (index, (view, extents)) in [
      (g.query, [images, g.heads, queries, g.channels]), (g.key, [images, g.heads, keys, g.channels]),
      (g.value, [images, g.heads, keys, g.valueChannels]),
    ].enumerated() {
      guard let source = inputs.optional(sources[index]) else {
        throw .invalid("lacks input \(sources[index]), into which a view points")
      }
      try Self.check(view, extents, within: source.shape, what: "view \(index)")
    }
    try Self.check(
      g.output, [images, g.heads, queries, g.valueChannels], within: outputShape, what: "the output")
    guard outputShape.elementCount == g.batch * g.heads * g.queries * g.valueChannels else {
      throw .invalid("output shape \(outputShape) does not fit its sizes")
    }
    if let mask = g.mask {
      guard let type = inputs.optional(3) else { throw .invalid("lacks input 3 (mask)") }
      let kinds = g.maskKinds.isEmpty ? g.batch : Int(g.maskKinds.max() ?? 0) + 1
      try Self.check(mask, [kinds, g.heads, g.queries, g.keys], within: type.shape, what: "the mask")
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
