package import Graphs

extension Lowering {
  /// Graph inputs whose values decide shapes, so that they must be known when the graph is lowered.
  ///
  /// These are the inputs from which a path leads to a shape operand without passing through `Shape` or `Size`.
  package func shapeDecidingInputs(of model: ModelDescription) -> Set<String> {
    var producers: [String: Node] = [:]
    var waiting: [String] = []
    for node in model.graph.nodes {
      for output in node.outputs where !output.isEmpty { producers[output] = node }
      let version = model.version(of: node.operatorName.domain).map { Int($0) } ?? 1
      guard let lowered = try? registry.lower(node, version: version) else { continue }
      waiting += lowered.operation.shapeInputs.filter { $0 < node.inputs.count }.map { node.inputs[$0] }
    }
    let inputs = Set(model.graph.requiredInputs.map(\.name))
    var found: Set<String> = []
    var visited: Set<String> = []
    while let value = waiting.popLast() {
      guard !value.isEmpty, visited.insert(value).inserted else { continue }
      if inputs.contains(value) { found.insert(value) }
      guard let node = producers[value], !["Shape", "Size"].contains(node.operatorName.type) else { continue }
      waiting += node.inputs
    }
    return found
  }
}
