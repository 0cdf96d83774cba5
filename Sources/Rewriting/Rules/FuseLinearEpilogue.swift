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
    for id in graph.ids(of: Linear.schema.name.type, domain: Linear.schema.name.domain) {
      guard let node = graph[id], !Self.has(3, node), let reader = graph.soleReader(of: node.outputs[0]),
        reader.node.node.operatorName.domain.isEmpty
      else { continue }
      let isActivated = node.node.attributes.contains { $0.name == "activation" }
      var inputs = node.inputs
      var attributes = node.node.attributes
      if let activation = Self.activation(reader.node), !isActivated {
        attributes.append(Attribute("activation", activation))
      } else if reader.node.type == "Add",
        let residual = FuseLayerNormalization.other(than: node.outputs[0], of: reader.node),
        graph.type(residual) == graph.type(node.outputs[0])
      {
        while inputs.count < 3 { inputs.append("") }
        inputs.append(residual)
      } else {
        continue
      }
      try graph.replace(
        reader.id,
        with: [
          Node(
            Linear.schema.name, inputs: inputs, outputs: [reader.node.outputs[0]], attributes: attributes)
        ])
      count += 1
    }
    return count
  }

  private static func has(_ operand: Int, _ node: LoweredNode) -> Bool {
    operand < node.inputs.count && !node.inputs[operand].isEmpty
  }

  /// The activation that a node applies to its one operand.
  private static func activation(_ node: LoweredNode) -> String? {
    switch node.type {
    case "Relu":
      return "relu"
    case "Gelu":
      guard let approximation = node.node.attribute("approximate") else { return "gelu" }
      guard case .string(let name) = approximation else { return nil }
      return String(decoding: name, as: UTF8.self) == "none" ? "gelu" : nil
    default:
      return nil
    }
  }
}
