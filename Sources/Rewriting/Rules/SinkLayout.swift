import Graphs
package import Operators
import Tensors

/// Moves a rearrangement that keeps the last axis from in front of a `Linear` to behind it.
///
///     Linear(Reshape(x)) → Reshape(Linear(x))        Linear(Transpose(x)) → Transpose(Linear(x))
///
/// Rows don't see each other in a linear layer, so both are the same. Behind it the rearrangement meets the inverse one that
/// onnxslim and torchvision write there, or becomes part of an attention's strides.
package struct SinkLayout: RewriteRule {
  package let label = "move layout behind linear"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: Linear.schema.name.type, domain: Linear.schema.name.domain) {
      guard let node = graph[id], node.inputs.count <= 3, !graph.barriers.contains(node.inputs[0]),
        let layout = graph.maker(of: node.inputs[0]), layout.node.node.operatorName.domain.isEmpty
      else { continue }
      let source = layout.node.inputs[0]
      guard graph.shape(source).rank >= 2, graph.shape(source)[-1] == graph.shape(node.inputs[0])[-1] else {
        continue
      }
      let inner = graph.freshName("Linear")
      let linear = Node(
        Linear.schema.name, inputs: [source] + node.inputs[1...], outputs: [inner],
        attributes: node.node.attributes)
      let behind: Node
      if MergeLayouts.reshapes.contains(layout.node.type) {
        behind = try graph.reshape(
          inner, into: node.outputs[0], extents: graph.shape(node.outputs[0]).extents)
      } else if let permutation = graph.permutation(of: layout.node),
        permutation.last == permutation.count - 1
      {
        behind = Node(
          "Transpose", inputs: [inner], outputs: [node.outputs[0]],
          attributes: [Attribute("perm", permutation)])
      } else {
        continue
      }
      try graph.replace(id, with: [linear, behind])
      count += 1
    }
    return count
  }
}
