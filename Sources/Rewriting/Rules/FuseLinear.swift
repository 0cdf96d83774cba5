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
      let found =
        switch node.operation {
        case let gemm as Gemm: Self.linear(node, gemm, in: &graph)
        default: Self.linear(node, in: graph)
        }
      guard let product = found else { continue }
      try graph.replace(id, with: [product])
      count += 1
    }
    for id in graph.ids(of: Linear.self) {
      guard let node = graph[id], try Self.absorbBias(of: node, in: &graph) else { continue }
      count += 1
    }
    return count
  }

  private static func linear(_ node: LoweredNode, in graph: EditableGraph) -> LoweredNode? {
    guard graph.type(node.outputs[0]).elementType.isFloatingPoint, graph.shape(node.inputs[1]).rank == 2,
      graph.shape(node.inputs[0]).rank >= 2
    else { return nil }
    return LoweredNode(Linear(), node.inputs, outputs: [node.outputs[0]])
  }

  private static func linear(_ node: LoweredNode, _ gemm: Gemm, in graph: inout EditableGraph) -> LoweredNode?
  {
    guard graph.type(node.outputs[0]).elementType.isFloatingPoint else { return nil }
    let bias = node.input(2)
    guard !gemm.transposesA, gemm.alpha == 1, bias == nil || gemm.beta == 1 else {
      graph.note(
        MatchFailure(
          rule: "fuse linear", node: node.label,
          reason: "has transA, alpha or beta, which a linear layer has not"))
      return nil
    }
    if let bias, graph.shape(bias).extents != [graph.shape(node.outputs[0])[1]] {
      graph.note(
        MatchFailure(
          rule: "fuse linear", node: node.label,
          reason: "its addend has shape \(graph.shape(bias)), expected one number per column"))
      return nil
    }
    return LoweredNode(
      Linear(isTransposed: gemm.transposesB), node.inputs.prefix(2) + (bias.map { [$0] } ?? []),
      outputs: [node.outputs[0]])
  }

  private static func absorbBias(of node: LoweredNode, in graph: inout EditableGraph) throws(OperatorError)
    -> Bool
  {
    guard node.inputs.count == 2, let linear = node.operation as? Linear, linear.isPlain,
      let add = graph.soleReader(of: node.outputs[0]), add.node.type == "Add",
      add.node.operatorName.domain.isEmpty,
      let bias = FuseLayerNormalization.other(than: node.outputs[0], of: add.node), graph.isParameter(bias),
      graph.shape(bias).extents == [graph.shape(node.outputs[0])[-1]]
    else { return false }
    try graph.replace(
      add.id, with: [LoweredNode(linear, node.inputs + [bias], outputs: [add.node.outputs[0]])])
    return true
  }
}
