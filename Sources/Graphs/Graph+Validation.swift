extension Graph {
  /// How many problems of one kind are told; nobody reads more, and a damaged file may have millions.
  private static let problemLimit = 1000

  /// Everything that keeps the graph from being executed: names defined twice, values that nothing makes, cycles.
  ///
  /// Node order is not a fault: `topologicalOrder()` finds one. Subgraphs are checked with what they may read from
  /// outside.
  ///
  /// - Parameter outerNames: values that a subgraph may read from the graphs around it.
  public func problems(outerNames: Set<String> = []) -> [GraphError] {
    var problems = duplicates()
    let known = definedNames.union(outerNames)
    for node in nodes {
      guard problems.count < Self.problemLimit else { break }
      for name in node.inputs where !name.isEmpty && !known.contains(name) {
        problems.append(
          GraphError(
            "node '\(node.label)' reads '\(name)', which nothing makes", node: node.label, tensor: name))
      }
      for graph in node.subgraphs {
        problems += graph.problems(outerNames: known).map {
          GraphError(
            "in a subgraph of node '\(node.label)': \($0.message)", node: $0.node ?? node.label,
            tensor: $0.tensor)
        }
      }
    }
    for output in outputs.lazy.filter({ !known.contains($0.name) }).prefix(Self.problemLimit) {
      problems.append(
        GraphError("output '\(output.name)' of graph '\(name)' is made by no node", tensor: output.name))
    }
    do {
      _ = try topologicalOrder()
    } catch {
      problems.append(error)
    }
    return problems
  }

  /// Checks the graph and throws the first problem.
  public func validate() throws(GraphError) {
    if let problem = problems().first { throw problem }
  }

  private func duplicates() -> [GraphError] {
    var problems: [GraphError] = []
    var inputNames: Set<String> = []
    for input in inputs where !inputNames.insert(input.name).inserted && problems.count < Self.problemLimit {
      problems.append(GraphError("input '\(input.name)' is there twice", tensor: input.name))
    }
    var initializerNames: Set<String> = []
    for name in initializers.map(\.name) + sparseInitializers.map(\.values.name)
    where !initializerNames.insert(name).inserted && problems.count < Self.problemLimit {
      problems.append(GraphError("initializer '\(name)' is there twice", tensor: name))
    }
    var makers: [String: String] = [:]
    for node in nodes where problems.count < Self.problemLimit {
      for name in node.outputs where !name.isEmpty {
        let problem: String
        if let other = makers[name] {
          problem = "node '\(node.label)' makes '\(name)', which node '\(other)' makes already"
        } else if inputNames.contains(name) {
          problem = "node '\(node.label)' makes '\(name)', which is an input"
        } else if initializerNames.contains(name) {
          problem = "node '\(node.label)' makes '\(name)', which is an initializer"
        } else {
          makers[name] = node.label
          continue
        }
        problems.append(GraphError(problem, node: node.label, tensor: name))
      }
    }
    return problems
  }
}

extension Graph {
  /// Names that several nodes of this graph have, or of one of its subgraphs, each once, in the order of first use.
  ///
  /// ONNX asks for names that tell nodes apart, and ONNX Runtime refuses others. Nodes without name are no matter.
  package var duplicateNodeNames: [String] {
    var counts: [String: Int] = [:]
    var duplicates: [String] = []
    for node in nodes where !node.name.isEmpty {
      counts[node.name, default: 0] += 1
      if counts[node.name] == 2 { duplicates.append(node.name) }
    }
    return duplicates + nodes.flatMap(\.subgraphs).flatMap(\.duplicateNodeNames)
  }
}
