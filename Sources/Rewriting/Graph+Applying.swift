public import Graphs

extension Graph {
  /// This graph with a patch applied.
  ///
  /// Added nodes stand right after the node that makes the last of their operands. Nodes, tensors and descriptions that
  /// the patch does not touch keep the bytes that they were read from. A graph output keeps its name: where it is to
  /// deliver a replacement, the replacement takes over the name and the old value gets a new one.
  public func applying(_ patch: GraphPatch) throws(GraphPatchError) -> Graph {
    try checkNames(of: patch)
    var patch = patch
    var patched = self
    let outputNames = Set(outputs.map(\.name))
    for rewiring in patch.rewirings {
      if rewiring.includesOutputs, outputNames.contains(rewiring.value) {
        try patched.takeOverName(of: rewiring, in: &patch)
      } else {
        for index in patched.nodes.indices {
          patched.nodes[index].replaceReads(of: rewiring.value, by: rewiring.replacement)
        }
      }
    }
    patched.remove(patch.removedValues)
    patched.nodes = try patched.merged(with: patch)
    if !patch.parameters.isEmpty { patched.initializers += patch.parameters.map(\.initializer) }
    if !patch.valueDescriptions.isEmpty { patched.valueDescriptions += patch.valueDescriptions }
    if let outputs = patch.outputs { patched.outputs = outputs }
    return patched
  }

  /// Names of all values: inputs, initializers and results of nodes.
  package var valueNames: Set<String> {
    var names = Set(inputs.map(\.name))
    names.formUnion(initializers.map(\.name))
    names.formUnion(sparseInitializers.map(\.values.name))
    for node in nodes { names.formUnion(node.outputs.filter { !$0.isEmpty }) }
    return names
  }

  private func checkNames(of patch: GraphPatch) throws(GraphPatchError) {
    let existing = valueNames
    var known = existing
    let made = patch.parameters.map(\.initializer.name) + patch.nodes.flatMap(\.outputs)
    for name in made where !name.isEmpty {
      guard known.insert(name).inserted else { throw .nameClash(name, patch: patch.label) }
    }
    for name in patch.rewirings.map(\.value) + patch.removedValues {
      guard existing.contains(name) else { throw .valueNotFound(name, patch: patch.label) }
    }
    let read = patch.nodes.flatMap(\.inputs) + patch.rewirings.map(\.replacement)
    for name in read + (patch.outputs ?? []).map(\.name) where !name.isEmpty {
      guard known.contains(name) else { throw .valueNotFound(name, patch: patch.label) }
    }
  }

  /// Gives the replacement the value's name and the value a new one, so that outputs and readers stay as they are.
  private mutating func takeOverName(of rewiring: GraphPatch.Rewiring, in patch: inout GraphPatch)
    throws(GraphPatchError)
  {
    let value = rewiring.value
    guard let producer = nodes.firstIndex(where: { $0.outputs.contains(value) }),
      let maker = patch.nodes.firstIndex(where: { $0.outputs.contains(rewiring.replacement) })
    else { throw .valueNotFound(value, patch: patch.label) }
    let taken = valueNames.union(patch.nodes.flatMap(\.outputs)).union(
      patch.parameters.map(\.initializer.name))
    var original = "\(value)/before \(patch.label)"
    while taken.contains(original) { original += "'" }
    nodes[producer].outputs = nodes[producer].outputs.map { $0 == value ? original : $0 }
    describe(value, as: original)
    for index in patch.nodes.indices {
      patch.nodes[index].replaceReads(of: value, by: original)
      patch.nodes[index].replaceReads(of: rewiring.replacement, by: value)
    }
    patch.nodes[maker].outputs = patch.nodes[maker].outputs.map { $0 == rewiring.replacement ? value : $0 }
  }

  /// Gives what is declared of a value to the name that it has now.
  package mutating func describe(_ value: String, as name: String) {
    for index in valueDescriptions.indices where valueDescriptions[index].name == value {
      valueDescriptions[index].name = name
    }
  }

  private mutating func remove(_ values: [String]) {
    guard !values.isEmpty else { return }
    let removed = Set(values)
    nodes.removeAll { node in node.outputs.contains { removed.contains($0) } }
  }

  /// The nodes of the graph with those of the patch in between.
  private func merged(with patch: GraphPatch) throws(GraphPatchError) -> [Node] {
    var position: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { position[output] = index }
    }
    var following: [Int: [Node]] = [:]
    for node in patch.nodes {
      let anchor = node.inputs.compactMap { position[$0] }.max() ?? -1
      following[anchor, default: []].append(node)
      for output in node.outputs where !output.isEmpty { position[output] = anchor }
    }
    var result = following[-1] ?? []
    for (index, node) in nodes.enumerated() {
      result.append(node)
      result += following[index] ?? []
    }
    let added = Set(patch.nodes.flatMap(\.outputs))
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where added.contains(input) && (position[input] ?? -1) >= index {
        throw .cycle(input, patch: patch.label)
      }
    }
    return result
  }
}

extension Node {
  /// Reads `replacement` wherever this node, or a subgraph in its attributes, reads `value`.
  fileprivate mutating func replaceReads(of value: String, by replacement: String) {
    if inputs.contains(value) { inputs = inputs.map { $0 == value ? replacement : $0 } }
    for index in attributes.indices {
      switch attributes[index].value {
      case .graph(let graph) where graph.captures(value):
        attributes[index].value = .graph(graph.replacingCaptures(of: value, by: replacement))
      case .graphs(let graphs) where graphs.contains(where: { $0.captures(value) }):
        attributes[index].value = .graphs(
          graphs.map { $0.replacingCaptures(of: value, by: replacement) })
      default: break
      }
    }
  }

  /// Whether this node, or a subgraph in its attributes, reads a value.
  fileprivate func reads(_ value: String) -> Bool {
    inputs.contains(value)
      || attributes.contains { attribute in
        switch attribute.value {
        case .graph(let graph): graph.captures(value)
        case .graphs(let graphs): graphs.contains { $0.captures(value) }
        default: false
        }
      }
  }
}

extension Graph {
  /// Whether a subgraph reads a value of the graph around it.
  fileprivate func captures(_ value: String) -> Bool {
    guard !valueNames.contains(value) else { return false }
    return nodes.contains { $0.reads(value) } || outputs.contains { $0.name == value }
  }

  fileprivate func replacingCaptures(of value: String, by replacement: String) -> Graph {
    guard captures(value) else { return self }
    var graph = self
    for index in graph.nodes.indices { graph.nodes[index].replaceReads(of: value, by: replacement) }
    for index in graph.outputs.indices where graph.outputs[index].name == value {
      graph.outputs[index].name = replacement
    }
    return graph
  }
}
