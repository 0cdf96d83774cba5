extension Graph {
  /// For every node, whether one of some values depends on it.
  package func nodesNeeded(for values: [String]) -> [Bool] {
    let producers = producers()
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    var pending = values.compactMap { producers[$0] }
    while let index = pending.popLast() {
      guard !isNeeded[index] else { continue }
      isNeeded[index] = true
      pending += nodes[index].usedNames.compactMap { producers[$0] }
    }
    return isNeeded
  }
}

extension ModelDescription {
  /// The model with some of its values as its only outputs, without the nodes that none of them depends on.
  ///
  /// Tensors stay, also those that nothing reads any more. A value that was no output is one without a declared type.
  package func delivering(_ values: [String]) -> ModelDescription {
    guard graph.outputs.map(\.name) != values else { return self }
    var result = self
    result.graph.outputs = values.map { value in
      let declared = graph.outputs + graph.valueDescriptions
      return declared.first { $0.name == value } ?? ValueDescription(name: value, type: nil)
    }
    let isNeeded = graph.nodesNeeded(for: values)
    if isNeeded.contains(false) {
      result.graph.nodes = graph.nodes.indices.filter { isNeeded[$0] }.map { graph.nodes[$0] }
    }
    return result
  }
}
