import Graphs
import Rewriting

/// Removes from a graph what only removed outputs needed; what was unused before stays.
struct GraphPruning {
  private let graph: Graph
  private let producers: [String: Int]

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
  }

  /// Whether a value depends on a node that reads one of some tensors.
  func ancestorsRead(_ tensors: Set<String>, of value: String) -> Bool {
    guard !tensors.isEmpty else { return false }
    let needed = ancestors(of: [value])
    return graph.nodes.indices.contains { needed[$0] && !tensors.isDisjoint(with: graph.nodes[$0].usedNames) }
  }

  /// The graph without the nodes, tensors and descriptions that only other outputs than the given values needed.
  func keeping(_ values: [String]) -> Graph {
    let before = ancestors(of: graph.outputs.map(\.name))
    let after = ancestors(of: values)
    let isRemoved = graph.nodes.indices.map { before[$0] && !after[$0] }
    guard isRemoved.contains(true) else { return graph }
    var result = graph
    var orphans: Set<String> = []
    var made: Set<String> = []
    for index in graph.nodes.indices where isRemoved[index] {
      orphans.formUnion(graph.nodes[index].usedNames)
      made.formUnion(graph.nodes[index].outputs)
    }
    result.nodes = graph.nodes.indices.filter { !isRemoved[$0] }.map { graph.nodes[$0] }
    for node in result.nodes { orphans.subtract(node.usedNames) }
    orphans.subtract(values)
    let unused = Set(graph.initializers.map(\.name)).intersection(orphans)
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

  /// For every node, whether one of the values depends on it.
  private func ancestors(of values: [String]) -> [Bool] {
    var isNeeded = [Bool](repeating: false, count: graph.nodes.count)
    var pending = values.compactMap { producers[$0] }
    while let index = pending.popLast() {
      guard !isNeeded[index] else { continue }
      isNeeded[index] = true
      pending += graph.nodes[index].usedNames.compactMap { producers[$0] }
    }
    return isNeeded
  }
}

extension Graph {
  /// Gives a value that a node makes another name, for its readers too; returns the name.
  ///
  /// Graph outputs stay as they are.
  mutating func rename(_ value: String) -> String {
    let taken = definedNames
    var name = value + "/features"
    while taken.contains(name) { name += "'" }
    for index in nodes.indices {
      if nodes[index].outputs.contains(value) {
        nodes[index].outputs = nodes[index].outputs.map { $0 == value ? name : $0 }
      }
      if nodes[index].inputs.contains(value) {
        nodes[index].inputs = nodes[index].inputs.map { $0 == value ? name : $0 }
      }
    }
    describe(value, as: name)
    return name
  }
}
