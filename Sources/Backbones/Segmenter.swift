import Graphs

/// Segmenter (Strudel, Garcia, Laptev, Schmid 2021): a vision transformer whose head tells the class of every patch.
///
///     encoder   as `VisionTransformer`: its blocks alone are points
///     linear    LN → Slice(patches) → Linear C→n → Transpose(0,2,1) → Reshape [B,n,h,w] → Resize
///     mask      LN → Slice(patches) → Linear → Concat(·, class tokens) → blocks like the encoder's → LN → patches · classesᵀ → LN
///               → Transpose(0,2,1) → Reshape [B,n,h,w] → Resize
///
/// The Concat that puts class tokens behind the patches is the border: what follows belongs to the head, though it repeats the encoder's
/// pattern. A linear head on every patch is a Segmenter, not a classifier. Of several heads one is followed, and the layout names the
/// others.
package enum Segmenter: Backbone {
  package static let name = "segmenter"

  package static func mayBe(_ view: GraphView) -> Bool {
    view.outputs.contains { view.extents($0).count == 4 && view.isData($0) }
  }

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    guard let output = PixelHead.outputs(at: stem.image, in: view).first else {
      throw Mismatch("no output gives scores of pixels, [B, classes, H, W] at the size of the images")
    }
    try stem.requirePatches(in: view)
    try view.requireShapes()
    let stream = try ResidualStream(behind: stem.map, towards: output, in: view)
    let points = stream.segments[0].points
    guard let last = points.last, points.allSatisfy({ $0.layout == .tokens }) else {
      throw Mismatch("the residual stream holds maps, expected tokens [B, N, C]")
    }
    try requireScoresOfPatches(output, last.grid, in: view)
    for segment in stream.segments.dropFirst() { try requireClassTokens(segment, behind: last, in: view) }
    let branches = try points.map { point throws(Mismatch) in
      try Branch(point.residual, tokens: view.extents(point.residual.output)[1], in: view)
    }
    let blocks = try Branch.blocks(of: branches, at: points, in: view)
    let isMask = stream.segments.count > 1
    let layout = try view.layout(family: name, blocks, behind: last.value, stem: stem, isDense: true) { _ in
      "\(last.prefixTokens == 0 ? "no class token" : "\(last.prefixTokens) prefix \(last.prefixTokens == 1 ? "token" : "tokens")"), "
        + (isMask ? "mask transformer" : "linear head on every patch")
    }
    guard layout.decoder != nil else {
      throw Mismatch("output '\(output)' has no weights behind the encoder")
    }
    return layout
  }

  /// Checks that an output comes from one row of scores per patch.
  private static func requireScoresOfPatches(_ output: String, _ grid: TokenGrid, in view: GraphView)
    throws(Mismatch)
  {
    var value = view.beforeRearranging(ScoreOutput(output, in: view).logits)
    if let resize = view.node(making: value, "Resize", "Upsample") {
      value = view.beforeRearranging(resize.inputs[0])
    }
    let extents = view.extents(value)
    guard extents.count == 3, extents[1] == grid.count else {
      throw Mismatch(
        "output '\(output)' comes from \(extents), expected scores of \(grid.count) patches [B, \(grid.count), n]"
      )
    }
  }

  /// Checks that a part of the stream behind the encoder has class tokens behind the patches.
  private static func requireClassTokens(
    _ segment: ResidualStream.Segment, behind last: ResidualStream.Point, in view: GraphView
  ) throws(Mismatch) {
    let join = segment.border.map { view.nodes[$0] }.last { node in
      node.operatorName.type == "Concat" && (node.outputs.first.map { view.extents($0).count == 3 } ?? false)
    }
    guard let join, let first = join.inputs.first, view.isData(first),
      view.extents(first).count == 3, view.extents(first)[1] == last.grid.count
    else {
      throw Mismatch(
        "the stream changes behind the encoder, and no Concat puts class tokens behind its patches",
        at: segment.points.map { view.nodes[$0.residual.index].label })
    }
  }
}
