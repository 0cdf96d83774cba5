import Graphs
package import Operators

/// Lets a `Linear` or a convolution apply the activation and add the residual that follow it.
///
///     Gelu(Linear(x)) → Linear(x), activation gelu        Add(Linear(x), r) → Linear(x, residual r)
///     Relu(Add(ChannelsLastConv(x), r)) → ChannelsLastConv(x, residual r), activation relu
///
/// Only where nothing else reads the value between: after differentiation a trained activation's operand is read again.
package struct FuseLinearEpilogue: RewriteRule {
  package let label = "fuse linear epilogue"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids {
      guard let node = graph[id], let product = node.operation as? any ProductWithEpilogue,
        let reader = graph.soleReader(of: node.outputs[0]), reader.node.operatorName.domain.isEmpty,
        reader.node.inputs.first == node.outputs[0] || reader.node.type == "Add"
      else { continue }
      var layer = node
      layer.outputs = [reader.node.outputs[0]]
      let hasResidual = node.input(3) != nil
      if let activated = product.followed(by: reader.node, hasResidual: hasResidual, scalar: graph.scalar) {
        layer.operation = activated
      } else if reader.node.type == "Add", !hasResidual, product.takesResidual(graph.inputTypes(of: node)),
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
