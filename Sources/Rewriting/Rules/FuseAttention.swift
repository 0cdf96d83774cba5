import Graphs
package import Operators
import Tensors

/// Replaces attention, however an exporter wrote it, by one `FusedAttention`.
///
/// Found from each Softmax, and from the standard Attention of opset 23 on. Queries, keys and values are followed back
/// through everything that only rearranges, the result forward likewise; what is left are strides (see `StridedView`).
/// Scales on q, k or the scores become one, or one per head; constant masks become one operand, unless they are zero. Float32
/// attention that the fast kernel can't read is left in its parts.
package struct FuseAttention: RewriteRule {
  package let label = "fuse attention"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: "Softmax", "Attention") {
      guard let node = graph[id] else { continue }
      let fits = try graph.attempt { graph, progress in
        let pattern =
          node.type == "Softmax"
          ? try AttentionPattern.around(node, in: graph)
          : try AttentionPattern.standard(node, id: id, in: graph)
        progress = 1
        var windows = try AttentionWindows(pattern, in: graph, node: node.label)
        progress = 2
        func fail(_ reason: String) -> MatchFailure {
          MatchFailure(rule: label, node: node.label, reason: reason)
        }
        let sizes = Array(windows.sizes[..<4])
        // The fused operator's scales are Floats.
        let isDouble = graph.type(pattern.query).elementType == .float64
        guard !isDouble || Double(Float(windows.scale)) == windows.scale && pattern.scales.isEmpty else {
          throw fail("its scale \(windows.scale) is no float32 number")
        }
        windows.headScales = try pattern.headScales(sizes: sizes, scale: windows.scale, fail: fail)
        windows.mask = try AttentionMask(pattern.masks, sizes: sizes, fail: fail)
        progress = 3
        let attention = try windows.attention(
          outputShape: graph.shape(windows.result).extents, outputStrides: windows.resultStrides)
        guard graph.type(pattern.query).elementType != .float32 || attention.isFast(for: .float32) else {
          throw fail("the channels of an operand don't lie side by side, so that its parts are faster")
        }
        try Self.replace(pattern, windows, attention, in: &graph)
        return true
      }
      if fits { count += 1 }
    }
    return count
  }

  private static func replace(
    _ pattern: AttentionPattern, _ windows: AttentionWindows, _ attention: FusedAttention,
    in graph: inout EditableGraph
  ) throws(OperatorError) {
    let sizes = windows.sizes
    var inputs = windows.sources
    if let mask = windows.mask {
      while inputs.count < 3 { inputs.append("") }
      inputs.append(graph.add(mask.tensor, named: "mask"))
    }
    let width = sizes[1] * sizes[5]
    let tokensFirst = [width, sizes[5], sizes[0] * width, 1]
    let last = graph.maker(of: windows.result)?.id ?? pattern.last
    let logSumExp = graph.freshName("LogSumExp")
    // Batches behind tokens, or rows of all images in two axes: written as [B, N, C], so that the rearrangement can move on
    // behind a linear layer and meet its inverse.
    let hasRows = sizes[5] == windows.resultStrides[1] || sizes[1] == 1
    let isTokensFirst =
      hasRows && sizes[0] > 1 && sizes[2] > 1 && windows.resultStrides[0] == tokensFirst[0]
      && windows.resultStrides[2] == tokensFirst[2]
    let isFlat =
      hasRows && graph.shape(windows.result).extents == [sizes[0] * sizes[2], width]
      && (sizes[2] == 1 || windows.resultStrides[2] == width)
      && (sizes[0] == 1 || windows.resultStrides[0] == sizes[2] * width)
    guard isTokensFirst || isFlat else {
      try graph.replace(last, with: [LoweredNode(attention, inputs, outputs: [windows.result, logSumExp])])
      return
    }
    let direct = graph.freshName("Attention")
    let rows = try windows.attention(
      outputShape: [sizes[0], sizes[2], width], outputStrides: [sizes[2] * width, sizes[5], width, 1])
    var nodes = [LoweredNode(rows, inputs, outputs: [direct, logSumExp])]
    var source = direct
    if isTokensFirst {
      source = graph.freshName("Transpose")
      nodes.append(LoweredNode(Transpose([1, 0, 2]), [direct], outputs: [source]))
    }
    nodes.append(
      try graph.reshape(source, into: windows.result, extents: graph.shape(windows.result).extents))
    try graph.replace(last, with: nodes)
  }
}
