import Graphs

/// Files that ONNX Runtime's optimisers have rewritten: their fused operators hide the residual stream.
enum RuntimeRewrites {
  /// Refuses a model with operators of ONNX Runtime's own domains, and lists them.
  static func refuse(_ model: ModelDescription) throws(BackboneError) {
    var uses: [(name: String, nodes: [String])] = []
    for node in model.graph.nodes where node.operatorName.domain.hasPrefix("com.microsoft") {
      let name = node.operatorName.description
      if let index = uses.firstIndex(where: { $0.name == name }) {
        uses[index].nodes.append(node.label)
      } else {
        uses.append((name, [node.label]))
      }
    }
    guard !uses.isEmpty else { return }
    throw .rewrittenByRuntime(uses.sorted { $0.name < $1.name })
  }
}
