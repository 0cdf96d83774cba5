package import Graphs
import Operators

/// Files that ONNX Runtime's optimisers have rewritten: their fused operators hide the residual stream, unless they are expanded.
enum RuntimeRewrites {
  /// Refuses a model with operators of ONNX Runtime's own domains of which it is not known what they stand for, and lists
  /// them.
  static func refuse(_ model: ModelDescription, _ registry: OperatorRegistry) throws(BackboneError) {
    let uses = model.uses { $0.domain.hasPrefix("com.microsoft") && !registry.expands($0) }
    guard !uses.isEmpty else { return }
    throw .rewrittenByRuntime(uses)
  }
}

extension ModelDescription {
  /// The nodes of some operators, none of which is a function of the file, by operator, sorted.
  func uses(_ isWanted: (OperatorName) -> Bool) -> [(name: String, nodes: [String])] {
    let functions = Set(functions.map(\.operatorName))
    var nodes: [String: [String]] = [:]
    for node in graph.nodes where isWanted(node.operatorName) && !functions.contains(node.operatorName) {
      nodes[node.operatorName.description, default: []].append(node.label)
    }
    return nodes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension BackboneLayout {
  /// The model that was recognised with those of its nodes replaced which stand for others and hide some values.
  package func revealing(_ values: [String], in model: ModelDescription) -> ModelDescription {
    expansion?.revealing(values, in: model) ?? model
  }
}
