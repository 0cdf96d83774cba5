package import Operators
import Tensors

/// Lets an attention in windows read and write the rows of a map where they lie, instead of rows that were cut into windows.
///
///     Unwindow(Linear(FusedAttention(Linear(Window(x))))) → Linear(FusedAttention[rows](Linear(x)))
///
/// `Window` is whatever moves rows: partition as Reshape and Transpose, cyclic shift as Slice and Concat or Gather; a
/// padded map keeps its Pad. Rows don't see each other in a linear layer, so that it may come first. What remains are no copies at
/// all, and the residual connection behind the last layer meets it again.
package struct ReadWindowsInPlace: RewriteRule {
  package let label = "read windows in place"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: FusedAttention.self) {
      guard let node = graph[id], let attention = node.operation as? FusedAttention, attention.views.holdsRows
      else { continue }
      let fits = try graph.attempt { graph, _ in
        guard let plan = try WindowPlan(node, attention.views, in: graph) else { return false }
        try plan.apply(to: &graph, instead: node)
        return true
      }
      if fits { count += 1 }
    }
    return count
  }
}

/// An attention in windows with the layers and moves around it.
private struct WindowPlan {
  /// Layers whose results are read, each with the value whose rows it shall read instead.
  private var layers: [(node: LoweredNode, source: String)] = []
  /// The attention that reads them so.
  private let attention: FusedAttention
  /// The layer behind it, where there is one.
  private let projection: LoweredNode?
  /// The value with the rows of the map.
  private let result: String

  /// The plan for an attention; nil where its rows lie in order as they are.
  ///
  /// - Throws: `MatchFailure`, `OperatorError`.
  init?(_ node: LoweredNode, _ views: AttentionViews, in graph: EditableGraph) throws {
    func fail(_ reason: String) -> MatchFailure {
      MatchFailure(rule: ReadWindowsInPlace().label, node: node.label, reason: reason)
    }
    let sources = node.inputs.prefix(3).filter { !$0.isEmpty }
    var found: RowOrder?
    for source in sources {
      guard let layer = graph.maker(of: source)?.node, layer.operation is Linear, layer.inputs.count <= 3,
        graph.soleReader(of: source) != nil
      else { throw fail("'\(source)' is not made by a linear layer for it alone") }
      let moved = graph.rowOrder(of: layer.inputs[0])
      guard moved.isPermutation(of: graph.rowCount(of: moved.root)) else {
        throw fail("its windows leave rows of '\(moved.root)' out")
      }
      guard found == nil || found == moved else { throw fail("its operands are cut differently") }
      found = moved
      layers.append((layer, moved.root))
    }
    guard let order = found, order.rows != Array(order.rows.indices) else { return nil }
    guard let rows = order.repeated(inPartsOf: views.queries) else { throw fail("its windows mix images") }

    // Behind it: reshapes to the layer, the layer, and moves back to the map.
    var value = node.outputs[0]
    while let reader = graph.soleReader(of: value), graph.keepsMemory(reader.node),
      graph.shape(reader.node.outputs[0])[-1] == graph.shape(value)[-1]
    { value = reader.node.outputs[0] }
    if let reader = graph.soleReader(of: value), reader.node.operation is Linear,
      reader.node.inputs.count <= 3,
      reader.node.inputs[0] == value
    {
      projection = reader.node
      value = reader.node.outputs[0]
    } else {
      projection = nil
    }
    result = graph.rowsGathered(from: value)
    let back = graph.rowOrder(of: result)
    var inverse = [Int](repeating: -1, count: order.rows.count)
    for (position, row) in order.rows.enumerated() { inverse[row] = position }
    guard result != value, back.rows == inverse else {
      throw fail("its result is not moved back into the map")
    }
    let width = graph.shape(node.outputs[0]).elementCount / order.rows.count
    attention = FusedAttention(
      try views.reading(rows: rows, outputShape: Array(graph.shape(result).extents.dropLast()) + [width]))
  }

  /// Puts the layers, the attention and the layer behind it in place of the last move; all before it goes unread then.
  func apply(to graph: inout EditableGraph, instead node: LoweredNode) throws(OperatorError) {
    guard let last = graph.maker(of: result)?.id else { return }
    var inputs = node.inputs
    var nodes: [LoweredNode] = []
    for (layer, source) in layers {
      let name = graph.freshName("Linear")
      nodes.append(LoweredNode(layer.operation, [source] + layer.inputs[1...], outputs: [name]))
      inputs = inputs.map { $0 == layer.outputs[0] ? name : $0 }
    }
    let logSumExp = graph.freshName("LogSumExp")
    guard let projection else {
      nodes.append(LoweredNode(attention, inputs, outputs: [result, logSumExp]))
      try graph.replace(last, with: nodes)
      return
    }
    let attended = graph.freshName("Attention")
    nodes.append(LoweredNode(attention, inputs, outputs: [attended, logSumExp]))
    nodes.append(
      LoweredNode(projection.operation, [attended] + projection.inputs[1...], outputs: [result]))
    try graph.replace(last, with: nodes)
  }
}
