import Graphs
package import Operators
import Tensors

/// Lets `DepthwisePair` work on tokens where they lie, with the tokens in front of the map passing by.
///
///     Concat(t[:, :P], tokens(DepthwisePair(map(t[:, P:])))) → TokenDepthwisePair(t)
///
/// `map` and `tokens` are any rearrangements between [B, H·W, C] and [B, C, H, W], read as strides; P may be 0.
package struct FuseTokenDepthwisePair: RewriteRule {
  package let label = "fuse depthwise pair on tokens"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: DepthwisePair.self) {
      guard let node = graph[id], let pair = node.operation as? DepthwisePair else { continue }
      let fits = try graph.attempt { graph, _ in
        let match = try Self.match(node, in: graph)
        let maps = graph.shape(node.inputs[0])
        let operation = TokenDepthwisePair(pair, height: maps[2], width: maps[3], prefix: match.prefix)
        try graph.replace(
          match.last,
          with: [LoweredNode(operation, [match.tokens] + node.inputs[1...], outputs: [match.result])])
        return true
      }
      if fits { count += 1 }
    }
    return count
  }

  private struct Match {
    let tokens: String
    let prefix: Int
    let last: EditableGraph.NodeID
    let result: String
  }

  private static func match(_ node: LoweredNode, in graph: EditableGraph) throws(MatchFailure) -> Match {
    func fail(_ reason: String) -> MatchFailure {
      MatchFailure(rule: "fuse depthwise pair on tokens", node: node.outputs[0], reason: reason)
    }
    let maps = graph.shape(node.inputs[0])
    let (batch, channels, height, width) = (maps[0], maps[1], maps[2], maps[3])
    let source = graph.view(of: node.inputs[0])
    let tokens = graph.shape(source.root)
    guard tokens.rank == 3, tokens[0] == batch, tokens[2] == channels, source.offset % max(channels, 1) == 0
    else {
      throw fail("its maps don't come from tokens of \(channels) channels")
    }
    let prefix = source.offset / max(channels, 1)
    let expected = StridedView(root: source.root, extents: tokens.extents).map
      .sliced(axis: 1, start: prefix, count: height * width, step: 1)?
      .reshaped(to: [batch, height, width, channels])?.transposed([0, 3, 1, 2])
    guard tokens[1] == prefix + height * width, let expected, expected.mergedAxes == source.map.mergedAxes
    else {
      throw fail("its maps are other windows into '\(source.root)' than tokens from \(prefix) on")
    }
    // The way back: from maps to tokens [B, H·W, C].
    var value = node.outputs[0]
    var last = graph.maker(of: value)?.id
    var view = StridedView(root: value, extents: maps.extents)
    let goal = view.map.transposed([0, 2, 3, 1]).reshaped(to: [batch, height * width, channels])?
      .mergedAxes
    while view.map.mergedAxes != goal || view.axes.count != 3 {
      guard let reader = graph.soleReader(of: value) else {
        throw fail("'\(value)' has several readers before it is tokens again")
      }
      let next = reader.node.outputs[0]
      guard graph.shape(next).elementCount == maps.elementCount, graph.isOnlyResult(next, of: reader.node),
        let moved = graph.rearranged(view, by: reader.node, to: next)
      else {
        throw fail("its result goes into \(reader.node.type) before it is tokens again")
      }
      view = moved
      value = next
      last = reader.id
    }
    guard prefix > 0 else {
      guard let last else { throw fail("its result is gone") }
      return Match(tokens: source.root, prefix: 0, last: last, result: value)
    }
    guard let join = graph.soleReader(of: value), let concat = join.node.operation as? Concat,
      join.node.inputs.count == 2, join.node.inputs[1] == value, concat.axis == 1 || concat.axis == -2
    else { throw fail("'\(value)' is not put behind its \(prefix) other tokens by one Concat") }
    let front = graph.view(of: join.node.inputs[0])
    let whole = StridedView(root: source.root, extents: tokens.extents)
    guard front == whole.map.sliced(axis: 1, start: 0, count: prefix, step: 1).map(whole.with) else {
      throw fail("'\(join.node.inputs[0])' is not the first \(prefix) tokens of '\(source.root)'")
    }
    return Match(tokens: source.root, prefix: prefix, last: join.id, result: join.node.outputs[0])
  }
}

extension StridedMap {
  /// Offset and axes in their shortest form, for comparison.
  var mergedAxes: [[StridedFactor]] { [[StridedFactor(1, offset)]] + axes.map(\.merged) }
}
