import Graphs
package import Operators
import Tensors

/// Removes nodes that hand their operand on: that rearrange elements, and for these shapes leave all of them where they are.
package struct RemoveIdentity: RewriteRule {
  package let label = "remove identity"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids {
      guard let node = graph[id], Self.isIdentity(node, in: graph) else { continue }
      if graph.bypass(node.outputs[0], by: node.inputs[0]) { count += 1 }
    }
    return count
  }

  private static func isIdentity(_ node: LoweredNode, in graph: EditableGraph) -> Bool {
    guard let source = node.inputs.first, let result = node.outputs.first, !result.isEmpty,
      graph.type(source) == graph.type(result)
    else { return false }
    return graph.keepsMemory(node) && graph.shape(source).extents == graph.shape(result).extents
  }
}
