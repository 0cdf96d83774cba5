public import Graphs

extension Graph {
  /// Whether one value depends on some others, or is one of them.
  func depends(_ value: String, onAnyOf others: Set<String>) -> Bool {
    guard !others.contains(value) else { return true }
    let needed = nodesNeeded(for: [value])
    return nodes.indices.contains {
      needed[$0]
        && !(others.isDisjoint(with: nodes[$0].outputs) && others.isDisjoint(with: nodes[$0].usedNames))
    }
  }

  /// The graph without the nodes, tensors and descriptions that only other outputs than the given values needed.
  ///
  /// What was unused before stays.
  public func keeping(_ values: [String]) -> Graph {
    let before = nodesNeeded(for: outputs.map(\.name))
    let after = nodesNeeded(for: values)
    let isRemoved = nodes.indices.map { before[$0] && !after[$0] }
    guard isRemoved.contains(true) else { return self }
    var result = self
    var orphans: Set<String> = []
    var made: Set<String> = []
    for index in nodes.indices where isRemoved[index] {
      orphans.formUnion(nodes[index].usedNames)
      made.formUnion(nodes[index].outputs)
    }
    result.nodes = nodes.indices.filter { !isRemoved[$0] }.map { nodes[$0] }
    for node in result.nodes { orphans.subtract(node.usedNames) }
    orphans.subtract(values)
    let unused = Set(initializers.map(\.name)).intersection(orphans)
    if !unused.isEmpty {
      result.initializers.removeAll { unused.contains($0.name) }
      // Files of old versions list initializers among the inputs too.
      if result.inputs.contains(where: { unused.contains($0.name) }) {
        result.inputs.removeAll { unused.contains($0.name) }
      }
    }
    let gone = made.union(unused)
    if result.valueDescriptions.contains(where: { gone.contains($0.name) }) {
      result.valueDescriptions.removeAll { gone.contains($0.name) }
    }
    return result
  }
}
