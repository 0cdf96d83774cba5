package import Graphs
package import Tensors

/// An operator with the values that it reads and makes: what files are read into, and what passes and rules emit.
package struct LoweredNode: Sendable {
  /// Which part of a training step a node belongs to.
  package enum Phase: String, Sendable { case forward, backward, update }

  /// What a node that no file holds was made for.
  package struct Origin: Sendable, Hashable {
    /// Label of the forward node, or name of the parameter or group, that it belongs to.
    package let label: String
    /// Its part of the step.
    package let phase: Phase

    /// An origin.
    package init(label: String, phase: Phase) {
      self.label = label
      self.phase = phase
    }
  }

  /// What it computes, in the newest operator set's form.
  package var operation: any Operator
  /// Values read, by position; an empty name is an absent one.
  package var inputs: [String]
  /// Values made, by position; an empty name is an unwanted one.
  package var outputs: [String]
  /// The name that the file gives the node; empty where it gives none, and for what passes and rules emit.
  package var name: String
  /// What it was made for; nil for a node of the forward part, which stands for itself.
  package var origin: Origin?

  /// A node.
  package init(_ operation: any Operator, _ inputs: [String], outputs: [String], name: String = "") {
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
    self.name = name
  }

  /// Its part of a training step.
  package var phase: Phase { origin?.phase ?? .forward }

  /// Domain and type of its operator, for profiles and messages.
  package var operatorName: OperatorName { operation.name }
  /// Operator type.
  package var type: String { operatorName.type }
  /// How messages refer to it: its name, or its operator and first result.
  package var label: String { name.isEmpty ? "\(operatorName) → \(outputs.first ?? "")" : name }

  /// The operand at a position; nil where it is absent.
  package func input(_ index: Int) -> String? {
    index < inputs.count && !inputs[index].isEmpty ? inputs[index] : nil
  }

  /// The node as a file of the newest operator set holds it, for what prints or recognises nodes of files.
  package var node: Node {
    Node(operatorName, name: name, inputs: inputs, outputs: outputs, attributes: operation.attributes)
  }
}

/// A graph on its way to execution: shapes bound, operators read, constants folded; a copy of the user's graph.
///
/// Every value has a type. Values are named as in the file; passes add names with the prefix of their own.
package struct LoweredGraph: Sendable {
  /// Nodes in topological order.
  package var nodes: [LoweredNode]
  /// Type of every value.
  package var types: [String: ValueType]
  /// Type in the file of values that it stores in fewer bits than they are computed in.
  package var storedTypes: [String: ElementType] = [:]
  /// Values known before the model runs: frozen initializers and what was folded from them.
  package var constants: [String: Tensor]
  /// Tensors that may change between runs: trainable parameters and optimiser state, with their start values.
  package var variables: [String: Tensor]
  /// Values fed at each run, in order.
  package var inputs: [String]
  /// Values delivered, in order.
  package var outputs: [String]
  /// Variables that a run changes, each with the value that becomes its new content.
  package var updates: [Update]
  /// What is odd in the file without being wrong, a line each.
  package var warnings: [String] = []
  /// The model with its nodes that stand for others replaced; nil where it has none.
  package var expansion: Expansion?
  /// What the file would need to take any batch, where a batch of 1 that it fixes was rewritten.
  package var batchEdits: [BatchEdit] = []
  /// What rules did on the way to this graph, one entry per rule.
  package var rules: [RuleOutcome] = []

  /// A variable and its content after a run.
  package struct Update: Sendable, Hashable {
    /// The variable.
    package let variable: String
    /// The value that becomes its content.
    package let value: String

    /// A variable with its new content.
    package init(variable: String, value: String) {
      self.variable = variable
      self.value = value
    }
  }

  /// A graph.
  package init(
    nodes: [LoweredNode] = [], types: [String: ValueType] = [:], constants: [String: Tensor] = [:],
    variables: [String: Tensor] = [:], inputs: [String] = [], outputs: [String] = [], updates: [Update] = []
  ) {
    self.nodes = nodes
    self.types = types
    self.constants = constants
    self.variables = variables
    self.inputs = inputs
    self.outputs = outputs
    self.updates = updates
  }

  /// Type of a value that the graph has.
  package func type(_ value: String) -> ValueType {
    guard let type = types[value] else { preconditionFailure("value '\(value)' has no type") }
    return type
  }

  /// The operands' types and known values of a node, as its operator asks for them.
  package func inputTypes(of node: LoweredNode) -> InputTypes {
    inputTypes(node.inputs, outputs: node.outputs)
  }

  /// Types and known values of operands, for a node of which some results are wanted.
  func inputTypes(_ inputs: [String], outputs: [String]) -> InputTypes {
    InputTypes(
      types: inputs.map { $0.isEmpty ? nil : types[$0] },
      constants: inputs.map { $0.isEmpty ? nil : constants[$0] },
      outputCount: (outputs.lastIndex { !$0.isEmpty } ?? -1) + 1)
  }

  /// Index of the node that makes each value.
  package var producers: [String: Int] {
    var producers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[output] = index }
    }
    return producers
  }

  /// Indices of the nodes that read each value, ascending; a node that reads a value twice stands twice.
  package var consumers: [String: [Int]] {
    var consumers: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where !input.isEmpty { consumers[input, default: []].append(index) }
    }
    return consumers
  }

  /// Values that must be there after a run: outputs and new contents of variables.
  package var delivered: Set<String> { Set(outputs).union(updates.map(\.value)) }

  /// Drops nodes that contribute to no output or update, and constants and variables that nobody reads.
  package mutating func removeUnused() {
    var needed = delivered
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() where nodes[index].outputs.contains(where: { needed.contains($0) })
    {
      isNeeded[index] = true
      needed.formUnion(nodes[index].inputs)
    }
    if isNeeded.contains(false) { nodes = zip(nodes, isNeeded).filter(\.1).map(\.0) }
    constants = constants.filter { needed.contains($0.key) }
    let updated = Set(updates.map(\.variable))
    variables = variables.filter { needed.contains($0.key) || updated.contains($0.key) }
  }
}
