import Graphs
import Tensors

/// Vision transformers (ViT, DeiT, DINOv2): patches as tokens, pre-norm blocks of attention and MLP.
///
///     stem   image → [Sub, Div] → Conv P×P, stride P → Reshape [B,C,N] → Transpose(0,2,1) → Concat(prefix, ·) → Add(pos)
///     block  x → LN → q,k,v → Softmax | Attention → Linear → [Mul γ] → Add(x, ·) → LN → Linear → GELU → Linear → [Mul γ] → Add
///     tail   LN → Gather | Slice | ReduceMean → [LN] → Gemm
///
/// All additions of the stream have one shape [B, prefix + H·W, C]. Operand order, names, and whether LayerNorm, GELU and
/// attention are one node or many do not matter.
package enum VisionTransformer: Backbone {
  package static let name = "vit"

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    let patch = try stem.patch(in: view)
    try view.requireShapes()
    guard let mapValue = stem.convolution.outputs.first, view.extents(mapValue).count == 4 else {
      throw Mismatch("the patch convolution makes no map", at: [stem.convolution.label])
    }
    let map = view.extents(mapValue)
    let grid = TokenGrid(height: map[2], width: map[3])
    let residuals = try stream(in: view)
    let tokens = view.extents(residuals[0].output)
    let prefix = tokens[1] - grid.count
    guard prefix >= 0 else {
      throw Mismatch(
        "the stream has \(tokens[1]) tokens, fewer than the \(grid) patches",
        at: [view.nodes[residuals[0].index].label])
    }
    try TokenOrder.check(from: mapValue, to: residuals[0].stream, grid: grid, prefix: prefix, in: view)
    let branches = try residuals.map { residual throws(Mismatch) in
      try Branch(residual, tokens: tokens[1], in: view)
    }
    guard let last = residuals.last, let output = view.outputs.first else {
      throw Mismatch("the network has no output")
    }
    let tail = Tail(after: last.output, in: view)
    let head = tail.classifier
    let reading = tail.reading(prefix: prefix)
    let blocks = try blocks(of: branches, in: view) { value, role, block, branch in
      InsertionSite(
        value: value, role: role, layout: .tokens, grid: grid, channels: tokens[2], prefixTokens: prefix,
        block: block,
        elementType: view.elementType(value) ?? .float32, branchOutput: branch.residual.branch,
        normOutput: branch.normOutput)
    }
    let variant = Variant(branches: branches, prefix: prefix, head: head, view: view)
    return BackboneLayout(
      family: name, variant: variant.description, blocks: blocks, head: head,
      headInput: reading?.input, output: reading?.output ?? output, rivals: tail.rivals, image: stem.image,
      patch: patch, grid: grid, width: tokens[2], prefixTokens: prefix,
      weights: view.weights(from: stem.convolutionIndex))
  }

  /// The residual additions, checked to be one stream of tokens.
  private static func stream(in view: GraphView) throws(Mismatch) -> [Residual] {
    let residuals = view.residuals
    guard let first = residuals.first else {
      throw Mismatch("no addition closes a residual branch with weights")
    }
    let shape = view.extents(first.output)
    let firstLabel = view.nodes[first.index].label
    guard shape.count == 3 else {
      throw Mismatch(
        "residual addition '\(firstLabel)' makes \(shape), expected tokens [B, N, C]", at: [firstLabel])
    }
    var previous: Residual?
    for residual in residuals {
      let label = view.nodes[residual.index].label
      guard view.extents(residual.output) == shape else {
        throw Mismatch(
          "residual addition '\(label)' makes \(view.extents(residual.output)), the first one \(shape): tokens or "
            + "channels change between blocks", at: [label])
      }
      if let previous, view.sameValue(residual.stream) != previous.output {
        throw Mismatch(
          "residual addition '\(label)' adds to '\(residual.stream)', not to the sum of "
            + "'\(view.nodes[previous.index].label)': the stream is changed between additions (post-norm, or parallel "
            + "branches)", at: [view.nodes[previous.index].label, label])
      }
      previous = residual
    }
    return residuals
  }

  /// Pairs attention and MLP branches to blocks.
  private static func blocks(
    of branches: [Branch], in view: GraphView,
    site: (String, InsertionSite.Role, Int, Branch) -> InsertionSite
  ) throws(Mismatch) -> [BackboneLayout.Block] {
    var blocks: [BackboneLayout.Block] = []
    for position in stride(from: 0, to: branches.count, by: 2) {
      let index = blocks.count
      let attention = branches[position]
      guard attention.kind == .attention else {
        throw Mismatch("block \(index) starts with an MLP, expected attention", at: [attention.label])
      }
      guard position + 1 < branches.count else {
        throw Mismatch("block \(index) has attention but no MLP", at: [attention.label])
      }
      let mlp = branches[position + 1]
      guard mlp.kind == .mlp else {
        throw Mismatch(
          "block \(index) has attention twice, expected an MLP", at: [attention.label, mlp.label])
      }
      blocks.append(
        BackboneLayout.Block(
          index: index, stage: 0,
          points: [
            site(attention.residual.output, .afterAttention, index, attention),
            site(mlp.residual.output, .afterMLP, index, mlp), site(mlp.residual.output, .block, index, mlp),
          ]))
    }
    return blocks
  }
}
