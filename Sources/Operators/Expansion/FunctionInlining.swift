package import Graphs

/// A model with the bodies of its functions in the place of their calls.
struct FunctionInlining {
  /// The model, without functions.
  private(set) var model: ModelDescription
  /// For each node of the main graph the first value of the call that it came from; nil for a node of the file's own.
  private(set) var calls: [String?]
  /// Names that are in use, once there was a call.
  private(set) var names: ExpansionNames?
  private var functions: [OperatorName: Function] = [:]

  /// Replaces every call, also those in bodies and subgraphs.
  ///
  /// - Throws: where a function calls itself, stands for too many nodes, or means other operators than the model.
  init(_ model: ModelDescription) throws(LoweringError) {
    self.model = model
    calls = [String?](repeating: nil, count: model.graph.nodes.count)
    guard !model.functions.isEmpty else { return }
    if let problem = model.functionProblems.first { throw .graph(problem.message, value: problem.tensor) }
    for function in model.functions {
      if let name = function.missingNames.first {
        throw .graph(
          "function '\(function.operatorName)' reads '\(name)', which nothing in it makes", value: name)
      }
      functions[key(function.operatorName)] = function
    }
    self.model.functions = []
    var names = ExpansionNames(avoiding: model.graph)
    var nodes: [Node] = []
    calls = []
    for node in model.graph.nodes {
      let isCall = functions[key(node.operatorName)] != nil
      let replaced = try replacing(node, naming: &names)
      nodes += replaced
      let call = isCall ? node.outputs.first { !$0.isEmpty } ?? "" : nil
      calls += [String?](repeating: call, count: replaced.count)
    }
    self.model.graph.nodes = nodes
    self.names = names
  }

  /// The name by which functions are told apart; overloads came with IR 10.
  private func key(_ name: OperatorName) -> OperatorName {
    model.irVersion < 10 ? OperatorName(name.type, domain: name.domain) : name
  }

  /// What a node stands for: itself, with calls in its subgraphs replaced, or the body that it calls.
  private mutating func replacing(_ node: Node, naming names: inout ExpansionNames) throws(LoweringError)
    -> [Node]
  {
    guard let function = functions[key(node.operatorName)] else {
      guard !node.subgraphs.isEmpty else { return [node] }
      var result = node
      for index in node.attributes.indices {
        switch node.attributes[index].value {
        case .graph(let graph): result.attributes[index].value = .graph(try replacing(in: graph, &names))
        case .graphs(let graphs):
          var replaced: [Graph] = []
          for graph in graphs { replaced.append(try replacing(in: graph, &names)) }
          result.attributes[index].value = .graphs(replaced)
        default: break
        }
      }
      return [result]
    }
    try importOperators(of: function, calledBy: node)
    var result: [Node] = []
    for inner in try body(of: function, calledBy: node, naming: &names) {
      result += try replacing(inner, naming: &names)
    }
    return result
  }

  private mutating func replacing(in graph: Graph, _ names: inout ExpansionNames) throws(LoweringError)
    -> Graph
  {
    var result = graph
    var nodes: [Node] = []
    for node in graph.nodes { nodes += try replacing(node, naming: &names) }
    result.nodes = nodes
    return result
  }

  /// Imports what a function imports; its nodes must mean what they mean in the model.
  private mutating func importOperators(of function: Function, calledBy node: Node) throws(LoweringError) {
    for set in function.operatorSets {
      let domain = set.domain == "ai.onnx" ? "" : set.domain
      guard let version = model.version(of: domain) else {
        model.operatorSets.append(OperatorSet(domain: domain, version: set.version))
        continue
      }
      guard version != set.version else { continue }
      let shown = domain.isEmpty ? "ai.onnx" : domain
      throw .unsupported([
        .init(
          name: node.operatorName.description, domain: node.operatorName.domain,
          version: model.version(of: node.operatorName.domain).map { Int($0) }, nodes: [node.label],
          reason: "function \(node.operatorName) imports \(shown) \(set.version), the model \(version)")
      ])
    }
  }

  /// The nodes of a function as they read in the place of a call.
  private func body(
    of function: Function, calledBy node: Node, naming names: inout ExpansionNames
  ) throws(LoweringError) -> [Node] {
    guard node.inputs.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      throw .graph(
        "node '\(node.label)' has \(node.inputs.count) inputs and \(node.outputs.count) outputs, function "
          + "\(node.operatorName) \(function.inputs.count) and \(function.outputs.count)",
        value: node.outputs.first)
    }
    var attributes: [String: Attribute.Value] = [:]
    for attribute in function.attributes + node.attributes { attributes[attribute.name] = attribute.value }
    var body = BodyNames(node, attributes: attributes)
    for (index, input) in function.inputs.enumerated() {
      body[input] = index < node.inputs.count ? node.inputs[index] : ""
    }
    let copies = body.deliver(function.outputs, as: node.outputs, naming: &names)
    body.add(function.nodes, naming: &names)
    return function.nodes.map { body.renamed($0, naming: &names) } + copies
  }
}

extension BodyNames {
  /// Gives what a body delivers the names that the node in whose place it stands gives its results.
  ///
  /// - Returns: nodes that copy what the body delivers twice, or does not make itself.
  mutating func deliver(_ results: [String], as outputs: [String], naming names: inout ExpansionNames)
    -> [Node]
  {
    var copies: [Node] = []
    for (result, output) in zip(results, outputs) where !output.isEmpty {
      if let known = self[result] {
        copies.append(
          Node("Identity", name: names.node("Identity", in: site), inputs: [known], outputs: [output]))
      } else {
        self[result] = output
      }
    }
    return copies
  }
}

extension Function {
  /// Names that the body reads or delivers and nothing in it makes.
  fileprivate var missingNames: [String] {
    let body = Graph(
      name: "", nodes: nodes, inputs: inputs.map { ValueDescription(name: $0, type: nil) },
      outputs: outputs.map { ValueDescription(name: $0, type: nil) })
    return body.capturedNames
  }
}

extension ModelDescription {
  /// The model with the bodies of its functions in the place of their calls.
  ///
  /// - Throws: where a function calls itself, stands for too many nodes, or means other operators than the model.
  package func inliningFunctions() throws(LoweringError) -> ModelDescription {
    functions.isEmpty ? self : try FunctionInlining(self).model
  }
}
