package import Graphs

extension Lowering {
  /// Graph inputs whose values decide shapes, so that they must be known when the graph is lowered.
  ///
  /// These are the inputs from which a path leads to a shape operand, or one that decides what a node stands for, without
  /// passing through `Shape` or `Size`.
  package func shapeDecidingInputs(of model: ModelDescription) -> Set<String> {
    var producers: [String: Node] = [:]
    var waiting: [String] = []
    func add(_ nodes: [Node]) {
      for node in nodes {
        for output in node.outputs where !output.isEmpty { producers[output] = node }
        node.subgraphs.forEach { add($0.nodes) }
        // What can't be read decides nothing here; lowering refuses it.
        guard let read = try? registry.read(node, version: version(of: node.operatorName.domain, in: model))
        else { continue }
        let (deciding, inputs) =
          switch read {
          case .operation(let operation): (operation.operation.decidingInputs, operation.inputs)
          case .expandable(let expandable): (expandable.decidingInputs, node.inputs)
          }
        waiting += deciding.filter { $0 < inputs.count }.map { inputs[$0] }
      }
    }
    // Calls that can't be replaced are refused by lowering too.
    let model = (try? model.inliningFunctions()) ?? model
    add(model.graph.nodes)
    let inputs = Set(model.graph.requiredInputs.map(\.name))
    var found: Set<String> = []
    var visited: Set<String> = []
    while let value = waiting.popLast() {
      guard !value.isEmpty, visited.insert(value).inserted else { continue }
      if inputs.contains(value) { found.insert(value) }
      guard let node = producers[value], !["Shape", "Size"].contains(node.operatorName.type) else { continue }
      waiting += node.usedNames
    }
    return found
  }
}
