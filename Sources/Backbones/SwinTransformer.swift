import Graphs
import Tensors

/// Swin transformers, V1 and V2: attention within windows that every second block shifts, patch merging between stages.
///
///     stem     image → Conv P×P, stride P → [B, H, W, C] or [B, H·W, C] → LN
///     block    x → [LN] → [Pad] → [roll] → windows → attention → [roll back] → [Slice] → [LN, V2] → Add(x, ·)
///              x → [LN] → Linear → GELU → Linear → [LN, V2] → Add(x, ·)
///     merging  2×2 neighbours side by side → [LN] → Linear 4C → 2C → [LN]
///     tail     LN → mean of the map → Gemm
///
/// The points are on the un-windowed, un-shifted map, none in patch merging. timm writes the attention's sum [B, H, W, C] and
/// the MLP's [B, H·W, C], torchvision both as maps, Hugging Face both as lists.
package enum SwinTransformer: Backbone {
  package static let name = "swin"

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    try stem.requirePatches(in: view)
    try view.requireShapes()
    let stream = try ResidualStream(behind: stem.map, in: view)
    let points = stream.points
    try requireMaps(points, in: view)
    for pair in zip(stream.segments, stream.segments.dropFirst()) { try requireMerging(pair, in: view) }
    let branches = try points.map { point throws(Mismatch) in
      try Branch(point.residual, tokens: point.grid.count, in: view)
    }
    let blocks = try Branch.blocks(of: branches, at: points, in: view)
    try requireWindows(branches, at: points, in: view)
    return try view.layout(family: name, blocks, behind: points.last?.value, stem: stem) { _ in
      variant(branches, points)
    }
  }

  private static func requireMaps(_ points: [ResidualStream.Point], in view: GraphView) throws(Mismatch) {
    for point in points where point.prefixTokens != 0 || ![.channelsLast, .list].contains(point.layout) {
      let label = view.nodes[point.residual.index].label
      throw Mismatch(
        "residual addition '\(label)' makes \(view.extents(point.residual.output)), expected a map with channels last, "
          + "without prefix tokens", at: [label])
    }
  }

  /// Between stages: half the map in each direction, through one linear layer that reads four neighbours.
  private static func requireMerging(
    _ pair: (before: ResidualStream.Segment, after: ResidualStream.Segment), in view: GraphView
  ) throws(Mismatch) {
    guard let before = pair.before.points.last, let after = pair.after.points.first else { return }
    let label = view.nodes[after.residual.index].label
    let layers = pair.after.border.map { view.nodes[$0] }.filter { view.isWeighted($0) }
    let half = TokenGrid(height: (before.grid.height + 1) / 2, width: (before.grid.width + 1) / 2)
    guard after.grid == half, layers.count == 1, let layer = LinearLayer(layers[0], in: view),
      layer.inputWidth == 4 * before.channels, layer.outputWidth == after.channels
    else {
      throw Mismatch(
        "between \(before.grid) of \(before.channels) and \(after.grid) of \(after.channels) channels stands no patch merging",
        at: layers.map(\.label) + [label])
    }
  }

  /// Attention within windows: each token looks at as many as look at it, at fewer than all in at least one block.
  private static func requireWindows(
    _ branches: [Branch], at points: [ResidualStream.Point], in view: GraphView
  ) throws(Mismatch) {
    var isWindowed = points.last.map { $0.segment > 0 } ?? false
    for (branch, point) in zip(branches, points) {
      guard let mixer = branch.mixer else { continue }
      guard let keys = mixer.keys, mixer.queries == keys else {
        throw Mismatch(
          "attention '\(mixer.label)' compares \(mixer.queries ?? 0) tokens with \(mixer.keys ?? 0), expected windows",
          at: [mixer.label])
      }
      if keys < point.grid.count { isWindowed = true }
    }
    guard isWindowed else { throw Mismatch("one stage whose attention sees all tokens, expected windows") }
  }

  private static func variant(_ branches: [Branch], _ points: [ResidualStream.Point]) -> String {
    let maker =
      switch Set(points.map(\.layout)) {
      case [.channelsLast]: "torchvision Swin"
      case [.list]: "Hugging Face Swin"
      default: "timm Swin"
      }
    let isPostNorm = branches.allSatisfy { $0.normOutput == nil }
    let depths = Dictionary(grouping: points, by: \.segment).sorted { $0.key < $1.key }
      .map { "\($0.value.count / 2)" }
    return "\(maker)\(isPostNorm ? " V2" : ""), \(depths.joined(separator: "+")) blocks"
  }
}
