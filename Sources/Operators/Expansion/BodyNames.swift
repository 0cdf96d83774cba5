import Graphs

/// How the nodes of a body read once they stand in the graph around: names of the body, and attributes that it refers to.
struct BodyNames {
  /// The node in whose place the body stands.
  let site: Node
  /// Name in the graph around per name of the body; others mean what they mean around it.
  private var outer: [String: String] = [:]
  /// What the body's references to attributes mean; a reference to another name is an absent attribute.
  private let attributes: [String: Attribute.Value]?

  /// Names of a body that stands in a node's place.
  ///
  /// - Parameter attributes: of a function, those that the call gives or that have a default; nil for a subgraph.
  init(_ site: Node, attributes: [String: Attribute.Value]? = nil) {
    self.site = site
    self.attributes = attributes
  }

  /// The name in the graph around, or nil where the body's name has none of its own yet.
  subscript(name: String) -> String? {
    get { outer[name] }
    set { outer[name] = newValue }
  }

  /// Gives fresh names to what some nodes make, where it has none yet.
  mutating func add(_ nodes: [Node], naming names: inout ExpansionNames) {
    for node in nodes {
      for output in node.outputs where !output.isEmpty && outer[output] == nil {
        outer[output] = names.value(output, in: site)
      }
    }
  }

  /// A node of the body as it reads in the graph around.
  func renamed(_ node: Node, naming names: inout ExpansionNames) -> Node {
    var result = node
    result.name = names.node(node.name.isEmpty ? node.operatorName.type : node.name, in: site)
    result.inputs = node.inputs.map { outer[$0] ?? $0 }
    result.outputs = node.outputs.map { outer[$0] ?? $0 }
    result.attributes = node.attributes.compactMap { renamed($0, naming: &names) }
    return result
  }

  private func renamed(_ attribute: Attribute, naming names: inout ExpansionNames) -> Attribute? {
    var result = attribute
    switch attribute.value {
    case .reference(let name, _):
      guard let attributes else { return attribute }
      guard let value = attributes[name] else { return nil }
      result.value = value
    case .graph(let graph): result.value = .graph(renamed(graph, naming: &names))
    case .graphs(let graphs): result.value = .graphs(graphs.map { renamed($0, naming: &names) })
    default: return attribute
    }
    return result
  }

  /// A subgraph of the body: what it makes gets fresh names too, lest it hides what the graph around has.
  private func renamed(_ graph: Graph, naming names: inout ExpansionNames) -> Graph {
    var inner = self
    for name in graph.definedNames.sorted() { inner[name] = names.value(name, in: site) }
    var result = Graph(name: graph.name)
    result.inputs = graph.inputs.map { inner.renamed($0) }
    result.outputs = graph.outputs.map { inner.renamed($0) }
    result.initializers = graph.initializers.map { initializer in
      var renamed = initializer
      renamed.name = inner[initializer.name] ?? initializer.name
      return renamed
    }
    result.sparseInitializers = graph.sparseInitializers.map { initializer in
      var renamed = initializer
      renamed.values.name = inner[initializer.values.name] ?? initializer.values.name
      return renamed
    }
    result.nodes = graph.nodes.map { inner.renamed($0, naming: &names) }
    return result
  }

  private func renamed(_ description: ValueDescription) -> ValueDescription {
    var result = description
    result.name = outer[description.name] ?? description.name
    return result
  }
}
