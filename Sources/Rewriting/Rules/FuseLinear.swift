import Graphs
package import Operators
import Tensors

/// Writes products of rows with a matrix as one `Linear`, with the bias that is added on either side.
///
///     MatMul(x, W) → Linear        Gemm(x, W, b) → Linear        Add(Linear, b) → Linear
///
/// A Gemm keeps its transposed matrix. One with other factors than 1 stays as it is.
package struct FuseLinear: RewriteRule {
  package let label = "fuse linear"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: "MatMul", "Gemm") {
      guard let node = graph[id] else { continue }
      let isGemm = node.type == "Gemm"
      guard let product = isGemm ? Self.gemm(node, in: &graph) : Self.product(node, in: graph) else {
        continue
      }
      try graph.replace(id, with: [product])
      count += 1
    }
    for id in graph.ids(of: Linear.schema.name.type, domain: Linear.schema.name.domain) {
      guard let node = graph[id], try Self.absorbBias(of: node, in: &graph) else { continue }
      count += 1
    }
    return count
  }

  private static func product(_ node: LoweredNode, in graph: EditableGraph) -> Node? {
    guard graph.type(node.outputs[0]).elementType.isFloatingPoint, graph.shape(node.inputs[1]).rank == 2,
      graph.shape(node.inputs[0]).rank >= 2
    else { return nil }
    return Node(Linear.schema.name, inputs: node.inputs, outputs: [node.outputs[0]])
  }

  private static func gemm(_ node: LoweredNode, in graph: inout EditableGraph) -> Node? {
    guard graph.type(node.outputs[0]).elementType.isFloatingPoint else { return nil }
    func number(_ name: String) -> Float {
      if case .float(let value)? = node.node.attribute(name) { value } else { 1 }
    }
    let bias = node.inputs.count > 2 && !node.inputs[2].isEmpty ? node.inputs[2] : nil
    guard graph.integerAttribute("transA", of: node) ?? 0 == 0, number("alpha") == 1,
      bias == nil || number("beta") == 1
    else {
      graph.note(
        MatchFailure(
          rule: "fuse linear", node: node.node.label,
          reason: "has transA, alpha or beta, which a linear layer has not"))
      return nil
    }
    if let bias, graph.shape(bias).extents != [graph.shape(node.outputs[0])[1]] {
      graph.note(
        MatchFailure(
          rule: "fuse linear", node: node.node.label,
          reason: "its addend has shape \(graph.shape(bias)), expected one number per column"))
      return nil
    }
    let isTransposed = graph.integerAttribute("transB", of: node) ?? 0 != 0
    return Node(
      Linear.schema.name, inputs: [node.inputs[0], node.inputs[1]] + (bias.map { [$0] } ?? []),
      outputs: [node.outputs[0]], attributes: isTransposed ? [Attribute("transposed", 1)] : [])
  }

  private static func absorbBias(of node: LoweredNode, in graph: inout EditableGraph) throws(OperatorError)
    -> Bool
  {
    guard node.inputs.count == 2, let add = graph.soleReader(of: node.outputs[0]), add.node.type == "Add",
      add.node.node.operatorName.domain.isEmpty,
      let bias = FuseLayerNormalization.other(than: node.outputs[0], of: add.node), graph.isParameter(bias),
      graph.shape(bias).extents == [graph.shape(node.outputs[0])[-1]],
      !node.node.attributes.contains(where: { $0.name == "activation" })
    else { return false }
    try graph.replace(
      add.id,
      with: [
        Node(
          Linear.schema.name, inputs: node.inputs + [bias], outputs: [add.node.outputs[0]],
          attributes: node.node.attributes)
      ])
    return true
  }
}
