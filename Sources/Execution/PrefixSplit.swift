package import Operators

/// Cuts a graph in front of the first nodes that depend on variables.
///
/// What lies in front gives the same values whenever the same image is fed, so it can be computed once per image.
package struct PrefixSplit {
  /// From the graph's inputs to the values at the cut.
  package let prefix: LoweredGraph
  /// From the values at the cut to the graph's outputs.
  package let suffix: LoweredGraph
  /// The values at the cut, in the order of the prefix's outputs and the suffix's inputs.
  package let frontier: [String]

  /// Cuts a graph; nil where nothing lies in front of the cut, or nothing behind it.
  package init?(_ graph: LoweredGraph) {
    let dependents = Differentiation.dependents(of: graph.variables.keys.sorted(), graph.nodes)
    var frontier: [String] = []
    var seen: Set<String> = []
    var front: [LoweredNode] = []
    var back: [LoweredNode] = []
    for node in graph.nodes {
      guard node.outputs.contains(where: { dependents.contains($0) }) else {
        front.append(node)
        continue
      }
      back.append(node)
      for input in node.inputs
      where !input.isEmpty && !dependents.contains(input) && graph.constants[input] == nil
        && seen.insert(input).inserted
      {
        frontier.append(input)
      }
    }
    guard !front.isEmpty, !back.isEmpty, !frontier.isEmpty,
      graph.outputs.allSatisfy({ dependents.contains($0) })
    else { return nil }
    self.frontier = frontier
    var prefix = graph
    prefix.nodes = front
    prefix.outputs = frontier
    prefix.updates = []
    prefix.removeUnused()
    self.prefix = prefix
    var suffix = graph
    suffix.nodes = back
    suffix.inputs = frontier
    suffix.removeUnused()
    self.suffix = suffix
  }
}
