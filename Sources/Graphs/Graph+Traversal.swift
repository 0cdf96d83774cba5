extension Node {
  /// The subgraphs that the node's attributes hold.
  public var subgraphs: [Graph] {
    attributes.flatMap { attribute -> [Graph] in
      switch attribute.value {
      case .graph(let graph): [graph]
      case .graphs(let graphs): graphs
      default: []
      }
    }
  }

  /// All values that the node reads: its inputs, then what its subgraphs read from outside, each once.
  public var usedNames: [String] {
    var seen: Set<String> = [""]
    let captured = subgraphs.flatMap(\.capturedNames)
    return (inputs + captured).filter { seen.insert($0).inserted }
  }
}

extension Graph {
  /// Names that the graph defines itself: inputs, initializers and what its nodes make.
  package var definedNames: Set<String> {
    var names: Set<String> = []
    for input in inputs { names.insert(input.name) }
    for initializer in initializers { names.insert(initializer.name) }
    for initializer in sparseInitializers { names.insert(initializer.values.name) }
    for node in nodes { names.formUnion(node.outputs) }
    names.remove("")
    return names
  }

  /// Names that the graph reads but does not define, in the order of first use; empty for a complete main graph.
  public var capturedNames: [String] {
    var seen = definedNames
    seen.insert("")
    let used = nodes.flatMap(\.usedNames) + outputs.map(\.name)
    return used.filter { seen.insert($0).inserted }
  }

  /// For every value that a node makes, the position of that node; of several the first.
  public func producers() -> [String: Int] {
    var producers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty && producers[output] == nil {
        producers[output] = index
      }
    }
    return producers
  }

  /// For every value, the positions of the nodes that read it, also through their subgraphs, in order.
  public func consumers() -> [String: [Int]] {
    var consumers: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for name in node.usedNames { consumers[name, default: []].append(index) }
    }
    return consumers
  }

  /// Positions of the nodes so that each comes after those it reads from.
  ///
  /// A graph that is in such an order keeps it; otherwise a node moves only as far forward as a reader needs it.
  ///
  /// - Throws: `GraphError` that names the nodes of a cycle.
  public func topologicalOrder() throws(GraphError) -> [Int] {
    let producers = producers()
    let sources = nodes.map { node in node.usedNames.compactMap { producers[$0] } }
    var order: [Int] = []
    order.reserveCapacity(nodes.count)
    var isDone = [Bool](repeating: false, count: nodes.count)
    var isOpen = isDone
    for root in nodes.indices where !isDone[root] {
      // A stack of our own: a chain of nodes may be longer than the thread's stack is deep.
      var path: [(node: Int, next: Int)] = [(root, 0)]
      isOpen[root] = true
      while let (node, next) = path.last {
        guard next < sources[node].count else {
          path.removeLast()
          isOpen[node] = false
          isDone[node] = true
          order.append(node)
          continue
        }
        path[path.count - 1].next += 1
        let source = sources[node][next]
        if isDone[source] { continue }
        guard !isOpen[source] else { throw cycle(path.map(\.node), closedBy: source) }
        isOpen[source] = true
        path.append((source, 0))
      }
    }
    return order
  }

  /// The same graph with its nodes in topological order.
  public func sorted() throws(GraphError) -> Graph {
    let order = try topologicalOrder()
    guard order != Array(nodes.indices) else { return self }
    var graph = self
    graph.nodes = order.map { nodes[$0] }
    return graph
  }

  private func cycle(_ path: [Int], closedBy node: Int) -> GraphError {
    let start = path.firstIndex(of: node) ?? 0
    let labels = path[start...].reversed().map { "'\(nodes[$0].label)'" }
    let shown = labels.count > 8 ? Array(labels.prefix(7)) + ["… \(labels.count - 7) more"] : labels
    return GraphError(
      "the graph has a cycle: \(shown.joined(separator: " → "))", node: nodes[node].label,
      hint: "a node must not read, directly or through others, what it makes")
  }
}
