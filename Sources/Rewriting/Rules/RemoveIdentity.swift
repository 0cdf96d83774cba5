import Graphs
package import Operators
import Tensors

/// Removes nodes that hand their operand on: Identity, Cast to the same type, Dropout outside training, and Reshape,
/// Expand, Transpose, Slice and others that change nothing for these shapes.
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
    guard node.node.operatorName.domain.isEmpty, let source = node.inputs.first,
      let result = node.outputs.first,
      graph.type(source) == graph.type(result)
    else { return false }
    switch node.type {
    case "Identity", "Cast", "Reshape", "Expand", "Squeeze", "Unsqueeze", "Flatten":
      return true
    case "Transpose":
      return graph.permutation(of: node) == Array(0..<graph.shape(source).rank)
    case "Slice":
      let starts = graph.integerList("starts", operand: 1, of: node) ?? []
      let steps = graph.integerList("steps", operand: 4, of: node) ?? []
      return steps.allSatisfy { $0 > 0 } && !starts.isEmpty
    case "Concat", "Split":
      return node.inputs.count == 1 && node.outputs.count == 1
    case "Dropout":
      let isTraining = node.inputs.count > 2 && !node.inputs[2].isEmpty
      return !isTraining && node.outputs.dropFirst().allSatisfy { graph.readers(of: $0).isEmpty }
    default:
      return false
    }
  }
}
