package import Graphs
import Operators

/// Files that ONNX Runtime's optimisers have rewritten: their fused operators hide the residual stream, unless they are expanded.
enum RuntimeRewrites {
  /// Refuses a model with operators of ONNX Runtime's own domains of which it is not known what they stand for, and lists
  /// them.
  static func refuse(_ model: ModelDescription, _ registry: OperatorRegistry) throws(BackboneError) {
    var uses: [(name: String, nodes: [String])] = []
    let functions = Set(model.functions.map(\.operatorName))
    for node in model.graph.nodes where node.operatorName.domain.hasPrefix("com.microsoft") {
      guard !registry.expands(node.operatorName), !functions.contains(node.operatorName) else { continue }
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

extension BackboneLayout {
  /// The model that was recognised with those of its nodes replaced which stand for others and hide some values.
  package func revealing(_ values: [String], in model: ModelDescription) -> ModelDescription {
    expansion?.revealing(values, in: model) ?? model
  }
}
