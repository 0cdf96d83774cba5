import Graphs

/// Vision transformers (ViT, DeiT, DINOv2): patches as tokens, pre-norm blocks of attention and MLP.
///
///     stem   image → [Sub, Div] → Conv P×P, stride P → Reshape [B,C,N] → Transpose(0,2,1) → Concat(prefix, ·) → Add(pos)
///     block  x → LN → q,k,v → Softmax | Attention → Linear → [Mul γ] → Add(x, ·) → LN → Linear → GELU → Linear → [Mul γ] → Add
///     tail   LN → Gather | Slice | ReduceMean → [LN] → Gemm
///
/// The stream is one segment of tokens [B, prefix + H·W, C], and attention sees all of them. Operand order, names, and
/// whether LayerNorm, GELU and attention are one node or many do not matter.
package enum VisionTransformer: Backbone {
  package static let name = "vit"

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    try stem.requirePatches(in: view)
    try view.requireShapes()
    let points = try tokens(behind: stem.map, in: view)
    let branches = try points.map { point throws(Mismatch) in
      let branch = try Branch(point.residual, tokens: view.extents(point.residual.output)[1], in: view)
      try requireGlobalAttention(branch, of: point, in: view)
      return branch
    }
    let blocks = try Branch.blocks(of: branches, at: points, in: view)
    return try view.layout(family: name, blocks, behind: points.last?.value, stem: stem) { head in
      Variant(branches: branches, prefix: points[0].prefixTokens, head: head, view: view).description
    }
  }

  /// The points of the stream, checked to be tokens of one grid.
  private static func tokens(behind map: String, in view: GraphView) throws(Mismatch) -> [ResidualStream
    .Point]
  {
    let stream = try ResidualStream(behind: map, in: view)
    let points = stream.points
    for point in points
    where view.extents(point.residual.output) != view.extents(points[0].residual.output)
      || point.layout != .tokens
    {
      let (extents, label) = (view.extents(point.residual.output), view.nodes[point.residual.index].label)
      throw Mismatch(
        extents.count == 3
          ? "residual addition '\(label)' makes \(extents), the first one \(view.extents(points[0].residual.output)): "
            + "tokens or channels change between blocks"
          : "residual addition '\(label)' makes \(extents), expected tokens [B, N, C]", at: [label])
    }
    return points
  }

  private static func requireGlobalAttention(
    _ branch: Branch, of point: ResidualStream.Point, in view: GraphView
  ) throws(Mismatch) {
    let tokens = view.extents(point.residual.output)[1]
    guard let mixer = branch.mixer, mixer.keys != tokens else { return }
    throw Mismatch(
      "attention '\(mixer.label)' looks at \(mixer.keys ?? 0) of \(tokens) tokens, expected all: windows are another "
        + "family", at: [mixer.label])
  }
}
