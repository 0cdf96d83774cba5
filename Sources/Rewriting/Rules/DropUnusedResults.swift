import Graphs
package import Operators

/// Drops results that nobody reads from nodes that make others too, such as what only a gradient would need.
package struct DropUnusedResults: RewriteRule {
  package let label = "drop unused results"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: FusedAttention.self) {
      guard let node = graph[id] else { continue }
      for (position, output) in node.outputs.enumerated().dropFirst()
      where !output.isEmpty && graph.readers(of: output).isEmpty && !graph.barriers.contains(output) {
        graph.dropResult(position, of: id)
        count += 1
      }
    }
    return count
  }
}
