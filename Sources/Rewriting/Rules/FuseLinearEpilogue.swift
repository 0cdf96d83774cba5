import Graphs
package import Operators

/// Lets a `Linear` apply the activation and add the residual that follow it.
///
///     Gelu(Linear(x)) → Linear(x), activation gelu        Add(Linear(x), r) → Linear(x, residual r)
///
/// Only where nothing else reads the value between: after differentiation a trained activation's operand is read again.
package struct FuseLinearEpilogue: RewriteRule {
  package let label = "fuse linear epilogue"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: Linear.self) {
      guard let node = graph[id], let linear = node.operation as? Linear, node.input(3) == nil,
        let reader = graph.soleReader(of: node.outputs[0]), reader.node.operatorName.domain.isEmpty
      else { continue }
      var layer = LoweredNode(linear, node.inputs, outputs: [reader.node.outputs[0]])
      if let activated = linear.followed(by: reader.node.operation) {
        layer.operation = activated
      } else if reader.node.type == "Add",
        let residual = FuseLayerNormalization.other(than: node.outputs[0], of: reader.node),
        graph.type(residual) == graph.type(node.outputs[0])
      {
        while layer.inputs.count < 3 { layer.inputs.append("") }
        layer.inputs.append(residual)
      } else {
        continue
      }
      try graph.replace(reader.id, with: [layer])
      count += 1
    }
    return count
  }
}
