import Graphs
import Tensors

/// The residual stream of a network: the values to which its blocks add, in the order in which data pass.
///
///     ViT        one segment of tokens                      Swin     four, patch merging between them
///     Segmenter  two, class tokens put on between them      ResNet   four, each begins with a projected shortcut
///
/// Between two additions of a segment the stream may change its layout ([B, H, W, C] to [B, H·W, C]), never its map.
package struct ResidualStream: Sendable {
  /// A value of the stream at which an adapter may stand.
  package struct Point: Sendable {
    /// The addition.
    package let residual: Residual
    /// The sum, or the result of an activation that alone reads it.
    package let value: String
    /// How the value holds its map.
    package fileprivate(set) var layout: StreamLayout
    /// Rows and columns of the map.
    package let grid: TokenGrid
    /// Channels.
    package let channels: Int
    /// Tokens before those of the map.
    package let prefixTokens: Int
    /// Position of the segment, from 0.
    package let segment: Int

    /// A point as blocks name it.
    func site(_ role: InsertionSite.Role, block: Int, normOutput: String?, in view: GraphView)
      -> InsertionSite
    {
      InsertionSite(
        value: value, role: role, layout: layout, grid: grid, channels: channels, prefixTokens: prefixTokens,
        block: block, stage: segment, elementType: view.elementType(value) ?? .float32,
        branchOutput: residual.branch, normOutput: normOutput)
    }
  }

  /// A part of the stream with one grid, one width and one number of prefix tokens.
  package struct Segment: Sendable {
    /// Indices of the nodes that lead here from the last point of the segment before: patch merging, a projected shortcut.
    package let border: [Int]
    /// Its points.
    package fileprivate(set) var points: [Point]
  }

  /// The segments; at least one, none of them empty.
  package private(set) var segments: [Segment] = []

  /// All points.
  package var points: [Point] { segments.flatMap(\.points) }

  /// Follows the additions of a network behind the map that its first convolution makes.
  ///
  /// - Parameter output: of a network with several heads the output that is followed; nil for all.
  /// - Throws: where a residual addition does not belong to one stream, or where its map is unknown.
  package init(behind map: String, towards output: String? = nil, in view: GraphView) throws(Mismatch) {
    var residuals = view.residuals
    if let output {
      let needed = Set(view.ancestors(of: output))
      residuals.removeAll { !needed.contains($0.index) }
    }
    let inner = Set(residuals.flatMap(\.nodes))
    for residual in residuals where residual.isPlain || !inner.contains(residual.index) {
      if let last = points.last, view.isPooled(residual, behind: last.value) { break }
      let border = try points.last.map { last throws(Mismatch) in
        try Self.border(from: last, to: residual, view)
      }
      let point = try point(of: residual, behind: map, border, in: view)
      if border?.isEmpty ?? false, let last = points.last, last.grid == point.grid,
        last.channels == point.channels, last.prefixTokens == point.prefixTokens
      {
        segments[segments.count - 1].points.append(point)
      } else if border?.isEmpty ?? false {
        throw Mismatch(
          "residual addition '\(view.label(residual))' makes \(view.extents(residual.output)), another map than the "
            + "addition before it", at: [view.label(residual)])
      } else {
        segments.append(Segment(border: border ?? [], points: [point]))
      }
    }
    guard !segments.isEmpty else {
      throw Mismatch("no addition closes a residual branch with weights")
    }
    nameLists()
  }

  /// The nodes between the last point and what an addition adds to: none within a segment.
  private static func border(from last: Point, to residual: Residual, _ view: GraphView) throws(Mismatch)
    -> [Int]
  {
    let isSame = view.sameRows(residual.stream) == view.sameRows(last.value)
    if isSame { return residual.shortcut }
    if let path = view.path(from: last.value, to: residual.stream) {
      let changesMap =
        path.contains { view.isWeighted(view.nodes[$0]) }
        && view.extents(residual.stream) != view.extents(last.value)
      if changesMap || !residual.isPlain && view.isPreActivation(path) { return path + residual.shortcut }
    }
    let (label, before) = (view.label(residual), view.label(last.residual))
    throw Mismatch(
      "residual addition '\(label)' adds to '\(residual.stream)', not to the sum of '\(before)': the stream is changed "
        + "between additions (post-norm, or parallel branches)", at: [before, label])
  }

  /// An addition with its map: as its shape tells, or for tokens the segment, the stem, or the border.
  private func point(
    of residual: Residual, behind map: String, _ border: [Int]?, in view: GraphView
  ) throws(Mismatch) -> Point {
    let (extents, label) = (view.extents(residual.output), view.label(residual))
    func point(_ layout: StreamLayout, _ grid: TokenGrid, _ channels: Int, prefix: Int = 0) -> Point {
      Point(
        residual: residual, value: view.delivered(residual.output), layout: layout, grid: grid,
        channels: channels, prefixTokens: prefix, segment: segments.count - (border?.isEmpty ?? false ? 1 : 0)
      )
    }
    switch extents.count {
    case 4:
      guard let layout = view.mapLayout(of: residual.output) else {
        throw Mismatch(
          "residual addition '\(label)' makes \(extents), and nothing tells where its channels are",
          at: [label])
      }
      return layout == .channelsFirst
        ? point(layout, TokenGrid(height: extents[2], width: extents[3]), extents[1])
        : point(layout, TokenGrid(height: extents[1], width: extents[2]), extents[3])
    case 3:
      let grid = try grid(of: residual, behind: map, border, in: view)
      let prefix = extents[1] - grid.count
      guard prefix >= 0 else {
        throw Mismatch(
          "the stream has \(extents[1]) tokens, fewer than the \(grid) patches", at: [label])
      }
      if border == nil {
        try TokenOrder.check(from: map, to: residual.stream, grid: grid, prefix: prefix, in: view)
      }
      return point(.tokens, grid, extents[2], prefix: prefix)
    default:
      throw Mismatch(
        "residual addition '\(label)' makes \(extents), expected tokens [B, N, C] or a map", at: [label])
    }
  }

  /// The grid of tokens: that of the map that became them, else that of the segment before.
  private func grid(
    of residual: Residual, behind map: String, _ border: [Int]?, in view: GraphView
  ) throws(Mismatch) -> TokenGrid {
    let count = view.extents(residual.output)[1]
    for index in (border ?? []).reversed() {
      guard let value = view.nodes[index].outputs.first, case let extents = view.extents(value),
        extents.count == 4
      else { continue }
      if extents[1] * extents[2] == count { return TokenGrid(height: extents[1], width: extents[2]) }
      if extents[2] * extents[3] == count { return TokenGrid(height: extents[2], width: extents[3]) }
    }
    if let last = points.last { return last.grid }
    let extents = view.extents(map)
    guard extents.count == 4 else {
      throw Mismatch(
        "the first convolution makes no map", at: view.producer(map).map { [view.nodes[$0].label] } ?? [])
    }
    return TokenGrid(height: extents[2], width: extents[3])
  }

  /// Says of maps that are written as tokens, [B, H·W, C], that they are lists: where maps surround them.
  private mutating func nameLists() {
    guard segments.count > 1 || points.contains(where: { $0.layout != .tokens }) else { return }
    for segment in segments.indices {
      for index in segments[segment].points.indices
      where segments[segment].points[index].layout == .tokens
        && segments[segment].points[index].prefixTokens == 0
      {
        segments[segment].points[index].layout = .list
      }
    }
  }
}

extension GraphView {
  /// Whether nodes are the normalisation and activation of a map from which branch and projected shortcut both start.
  fileprivate func isPreActivation(_ path: [Int]) -> Bool {
    path.contains { Self.activations.contains(nodes[$0].operatorName.type) }
      && path.allSatisfy { index in
        let type = nodes[index].operatorName.type
        return Self.activations.contains(type)
          || ["BatchNormalization", "Mul", "Add", "Identity", "Cast"].contains(type)
            && dataInputs(nodes[index]).count == 1
      }
  }

  /// Whether an addition is inside a head for which attention makes one token of all, behind the stream that ends at `value`.
  fileprivate func isPooled(_ residual: Residual, behind value: String) -> Bool {
    let (made, stream) = (extents(residual.output), extents(value))
    guard made.count == 3, stream.count == 3, made[1] == 1, stream[1] > 1,
      let path = path(from: value, to: residual.stream)
    else { return false }
    return !mixers(among: path).isEmpty
  }

  /// Label of a residual addition.
  fileprivate func label(_ residual: Residual) -> String { nodes[residual.index].label }

  /// The value whose rows of channels a value holds in the same order: without Reshapes that keep the last axis.
  fileprivate func sameRows(_ value: String) -> String {
    var current = value
    while let index = producer(current), isRearranging(index), let source = nodes[index].inputs.first,
      isData(source), nodes[index].operatorName.type != "Transpose",
      extents(source).last == extents(current).last, elementType(source) == elementType(current)
    {
      current = source
    }
    return current
  }
}
