import Graphs
import Operators
import Tensors

/// Operands and result of an attention as windows into the memory of the values around it.
struct AttentionWindows {
  /// Extents of batch, heads, queries, keys, channels of Q and K, channels of V.
  var sizes: [Int]
  /// Distinct operands; one value twice where two windows into it may overlap.
  var sources: [String] = []
  /// Per Q, K, V: source, offset, and strides of batch, head, token, channel.
  var views: [[Int]] = []
  /// What the scores are multiplied with.
  var scale: Double
  /// One scale per head in its place, or none.
  var headScales: [Float] = []
  /// What is added to the scores.
  var mask: AttentionMask?
  /// The value that is written.
  var result: String
  /// Its strides of batch, head, token, channel.
  var resultStrides: [Int]
}

extension AttentionWindows {
  init(_ pattern: AttentionPattern, in graph: EditableGraph, node label: String) throws(MatchFailure) {
    func fail(_ reason: String) -> MatchFailure {
      MatchFailure(rule: FuseAttention().label, node: label, reason: reason)
    }
    let rank = graph.shape(pattern.query).rank
    let shapes = [pattern.query, pattern.key, pattern.value].map { graph.shape($0) }
    guard rank >= 2, shapes.allSatisfy({ $0.rank == rank }),
      shapes.allSatisfy({ $0.extents.prefix(rank - 2) == shapes[0].extents.prefix(rank - 2) }),
      shapes.allSatisfy({ $0.elementCount > 0 })
    else { throw fail("operands of shapes \(shapes) have no common leading axes") }
    // Tokens stand before channels from here on.
    let keyOrder = pattern.keyIsTransposed ? Array(0..<rank - 2) + [rank - 1, rank - 2] : Array(0..<rank)
    let windows = [
      Self.window(pattern.query, in: graph, throughScale: true, order: Array(0..<rank)),
      Self.window(pattern.key, in: graph, throughScale: true, order: keyOrder),
      Self.window(pattern.value, in: graph, throughScale: false, order: Array(0..<rank)),
    ]
    let leading = shapes[0].extents.prefix(rank - 2).filter { $0 != 1 }
    guard let groups = Self.leadingGroups(leading: Array(leading), windows: windows) else {
      throw fail("its leading axes don't come down to batch and heads")
    }
    let tokens = windows.map { $0.extents[rank - 2] }
    let channels = windows.map { $0.extents[rank - 1] }
    guard tokens[1] == tokens[2], channels[0] == channels[1] else {
      throw fail("operands of shapes \(shapes) don't fit")
    }
    sizes = [groups.extents[0], groups.extents[1], tokens[0], tokens[1], channels[0], channels[2]]
    scale = pattern.factor * windows[0].scale * windows[1].scale
    guard scale.isFinite else { throw fail("its scale is \(scale)") }
    let written = try Self.written(from: pattern.result, sizes: sizes, in: graph, fail: fail)
    result = written.value
    resultStrides = written.strides
    for (index, window) in windows.enumerated() {
      let strides = groups.strides[index] + window.axes[(rank - 2)...].map { $0.singleStride ?? 0 }
      addView(of: window, strides: strides, extents: [sizes[0], sizes[1], tokens[index], channels[index]])
    }
  }

  /// The fused operator that reads through these windows.
  func attention(outputShape: [Int], outputStrides: [Int]) throws(OperatorError) -> FusedAttention {
    FusedAttention(
      try AttentionViews(
        sizes: sizes, views: views, scale: Float(scale), maskStrides: mask?.strides ?? [],
        outputShape: outputShape, outputStrides: outputStrides, headScales: headScales,
        maskKinds: mask?.kinds ?? []))
  }

  /// The operand as the farthest window whose token and channel axes have one stride each, at worst of itself; one whose
  /// channels lie side by side goes first.
  private static func window(_ value: String, in graph: EditableGraph, throughScale: Bool, order: [Int])
    -> StridedView
  {
    let windows = graph.views(of: value, throughScale: throughScale).map { $0.transposed(order) }
      .filter { $0.axes.suffix(2).allSatisfy { $0.singleStride != nil } }
    return windows.first { ($0.axes.last?.singleStride ?? 0) <= 1 } ?? windows[0]
  }

  /// The leading axes as batch and heads, with each window's strides there.
  private static func leadingGroups(leading: [Int], windows: [StridedView])
    -> (extents: [Int], strides: [[Int]])?
  {
    let lists = windows.map { Array($0.axes.dropLast(2).joined()).merged }
    guard
      var extents = [StridedFactor].commonExtents(of: lists + [leading.map { StridedFactor($0, 0) }]),
      var strides = Self.strides(of: lists, cutInto: extents)
    else { return nil }
    while extents.count > 2 {
      // Neighbours that continue each other in every operand are one axis.
      guard
        let index = (0..<extents.count - 1).first(where: { index in
          strides.allSatisfy { $0[index] == $0[index + 1] * extents[index + 1] }
        })
      else { return nil }
      extents[index + 1] *= extents[index]
      extents.remove(at: index)
      for operand in strides.indices { strides[operand].remove(at: index) }
    }
    while extents.count < 2 {
      extents.insert(1, at: 0)
      for operand in strides.indices { strides[operand].insert(0, at: 0) }
    }
    return (extents, strides)
  }

  private static func strides(of lists: [[StridedFactor]], cutInto extents: [Int]) -> [[Int]]? {
    let strides = lists.compactMap { $0.strides(cutInto: extents) }
    return strides.count == lists.count ? strides : nil
  }

  /// Follows the result through Transpose and Reshape as long as it can be written there at once, channels side by side.
  private static func written(
    from value: String, sizes: [Int], in graph: EditableGraph, fail: (String) -> MatchFailure
  ) throws(MatchFailure) -> (value: String, strides: [Int]) {
    let extents = [sizes[0], sizes[1], sizes[2], sizes[5]]
    let whole = StridedView(root: value, extents: extents)
    guard var view = whole.reshaped(to: graph.shape(value).extents),
      var strides = placed(whole, in: view)
    else { throw fail("its result of shape \(graph.shape(value)) has no such batch and heads") }
    var value = value
    while let reader = graph.soleReader(of: value), let next = reader.node.outputs.first, !next.isEmpty,
      graph.shape(next).elementCount == graph.shape(value).elementCount,
      graph.isOnlyResult(next, of: reader.node)
    {
      guard let moved = graph.rearranged(view, by: reader.node, to: next),
        let found = placed(whole, in: moved), found[3] == strides[3]
      else { break }
      view = moved
      strides = found
      value = next
    }
    return (value, strides)
  }

  /// The strides that the axes of a row-major value have in the memory of a rearrangement of it, or nil where one needs two.
  private static func placed(_ whole: StridedView, in rearranged: StridedView) -> [Int]? {
    var memory: [(origin: StridedFactor, stride: Int)] = []
    var stride = 1
    for factor in rearranged.axes.joined().reversed() {
      memory.append((factor, stride))
      stride *= factor.extent
    }
    var result: [Int] = []
    for axis in whole.axes {
      guard let factor = axis.first else {
        result.append(0)
        continue
      }
      let range = factor.stride..<factor.stride * factor.extent
      let parts = memory.filter { range.contains($0.origin.stride) }.sorted {
        $0.origin.stride > $1.origin.stride
      }
      let placed = parts.map { StridedFactor($0.origin.extent, $0.stride) }.merged
      guard parts.reduce(1, { $0 * $1.origin.extent }) == factor.extent, placed.count == 1 else { return nil }
      result.append(placed[0].stride)
    }
    return result
  }

  /// Adds a window, into a source that is there already where no element is in both.
  private mutating func addView(of window: StridedView, strides: [Int], extents: [Int]) {
    let view = [window.offset] + strides
    for (index, source) in sources.enumerated() where source == window.root {
      let others = views.enumerated().filter { $0.element[0] == index }
      let isApart = others.allSatisfy { position, other in
        let tokens = position == 0 ? sizes[2] : sizes[3]
        let channels = position == 2 ? sizes[5] : sizes[4]
        return Self.areApart(
          Array(other.dropFirst()), [sizes[0], sizes[1], tokens, channels], view, extents)
      }
      if isApart {
        views.append([index] + view)
        return
      }
    }
    sources.append(window.root)
    views.append([sources.count - 1] + view)
  }

  /// Whether two windows certainly share no element.
  private static func areApart(_ a: [Int], _ aExtents: [Int], _ b: [Int], _ bExtents: [Int]) -> Bool {
    func span(_ view: [Int], _ extents: [Int], _ axes: [Int]) -> Int {
      axes.reduce(0) { $0 + (extents[$1] - 1) * view[$1 + 1] }
    }
    if a[0] + span(a, aExtents, [0, 1, 2, 3]) < b[0] || b[0] + span(b, bExtents, [0, 1, 2, 3]) < a[0] {
      return true
    }
    // Rows of one length, each holding the heads and channels of one token: they are apart within the row.
    let steps = [a[1], a[3], b[1], b[3]].filter { $0 != 0 }
    guard let row = steps.min(), steps.allSatisfy({ $0 % row == 0 }) else { return false }
    let starts = [a[0] % row, b[0] % row]
    let ends = [starts[0] + span(a, aExtents, [1, 3]), starts[1] + span(b, bExtents, [1, 3])]
    return ends.allSatisfy { $0 < row } && (ends[0] < starts[1] || ends[1] < starts[0])
  }
}
