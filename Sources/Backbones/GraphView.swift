package import Graphs
package import Operators
package import Tensors

/// A network as recognisers look at it: shapes known, constants folded, values named as in the file.
///
/// Built from a lowered graph without fusion. Nodes that only compute shapes or constants are gone.
package struct GraphView: Sendable {
  /// What a value depends on.
  package enum ValueClass: Sendable {
    /// What is fed: the image.
    case data
    /// Only the shape of what is fed.
    case shape
    /// Only initializers and constants.
    case constant
  }

  /// The file's content, in which no node stands for others.
  package let model: ModelDescription
  /// How it came from the file's own nodes; nil where these are the same.
  package let expansion: Expansion?
  /// Nodes that compute with data, in topological order.
  package let nodes: [Node]
  /// Values that must be fed.
  package let inputs: [String]
  /// Values delivered.
  package let outputs: [String]
  /// What is odd in the file's declarations without being wrong, a line each.
  package let warnings: [String]
  /// Operators that kept the network from being lowered; shapes are mostly unknown then.
  package let unsupported: [LoweringError.Unsupported]
  /// Type in the file of values that it stores in fewer bits than they are computed in.
  package let storedTypes: [String: ElementType]
  /// What the nodes compute; empty where the network could not be lowered.
  private let operations: [any Operator]
  private let types: [String: ValueType]
  private let constants: [String: Tensor]
  private let producers: [String: Int]
  private let consumers: [String: [Int]]
  private let fileProducers: [String: Int]
  private let initializers: Set<String>
  private let classes: [String: ValueClass]

  /// A view of a model that has been lowered without fusion.
  package init(_ model: ModelDescription, lowered: LoweredGraph) {
    expansion = lowered.expansion
    let model = expansion?.model.declaringInputs(as: model) ?? model
    self.model = model
    nodes = lowered.nodes.map(\.node)
    operations = lowered.nodes.map(\.operation)
    inputs = lowered.inputs.filter { lowered.constants[$0] == nil }
    outputs = lowered.outputs
    warnings = lowered.warnings
    unsupported = []
    types = lowered.types
    storedTypes = lowered.storedTypes
    constants = lowered.constants
    producers = lowered.producers
    consumers = lowered.consumers
    initializers = Set(model.graph.initializers.map(\.name))
    fileProducers = model.graph.producers()
    classes = Self.classified(model.graph)
  }

  /// Lowers a model at its own batch, or 1 where the batch is open, and looks at it.
  package init(_ model: ModelDescription, lowering: Lowering) throws(LoweringError) {
    self.init(model, lowered: try lowering.lower(model.bindingBatch(1)))
  }

  /// Lowers a model as far as its operators are supported.
  ///
  /// Outputs that need others, such as an ArgMax of the logits, are left out where outputs remain; where none does, the view
  /// is what the file itself tells.
  package init(looking lowering: Lowering, at model: ModelDescription) throws(BackboneError) {
    do throws(LoweringError) {
      try self.init(model, lowering: lowering)
      return
    } catch {
      guard case .unsupported(let operators) = error else { throw .cannotBeRead(error) }
      let supported = model.graph.outputs.map(\.name).filter {
        lowering.unsupportedOperators(of: model.delivering([$0])).isEmpty
      }
      if !supported.isEmpty, let view = try? GraphView(model.delivering(supported), lowering: lowering) {
        self = view
      } else {
        self.init(model, unsupported: operators)
      }
    }
  }

  /// A view of a model that can't be lowered: nodes as they stand in the file, shapes only where the file declares them.
  package init(_ model: ModelDescription, unsupported: [LoweringError.Unsupported]) {
    var lowered = LoweredGraph()
    for description in model.graph.inputs + model.graph.valueDescriptions + model.graph.outputs {
      guard case .tensor(let number, let dimensions?)? = description.type?.kind,
        let elementType = ElementType(rawValue: number)
      else { continue }
      let extents = dimensions.enumerated().map { axis, dimension -> Int in
        if case .value(let extent) = dimension.extent { Int(clamping: extent) } else { axis == 0 ? 1 : -1 }
      }
      guard let shape = Shape(checking: extents) else { continue }
      lowered.types[description.name] = ValueType(elementType, shape)
    }
    for initializer in model.graph.initializers {
      guard let tensor = initializer.tensor else { continue }
      lowered.types[initializer.name] = ValueType(tensor.elementType, tensor.shape)
      lowered.constants[initializer.name] = tensor
    }
    self.model = model
    expansion = nil
    self.unsupported = unsupported
    warnings = []
    nodes = model.graph.nodes
    operations = []
    inputs = model.graph.requiredInputs.map(\.name)
    outputs = model.graph.outputs.map(\.name)
    types = lowered.types
    storedTypes = [:]
    constants = lowered.constants
    initializers = Set(model.graph.initializers.map(\.name))
    fileProducers = model.graph.producers()
    producers = fileProducers
    consumers = model.graph.consumers()
    classes = Self.classified(model.graph)
  }

  /// Refuses to go on where operators that are not supported leave shapes unknown.
  func requireShapes() throws(Mismatch) {
    guard !unsupported.isEmpty else { return }
    throw Mismatch(
      "shapes are unknown since operators are not supported: \(unsupported.map(\.name).joined(separator: ", "))",
      at: unsupported.flatMap(\.nodes))
  }

  /// Version of the default operator set.
  package var operatorSet: Int { Int(clamping: model.version(of: "") ?? 1) }

  /// Shape of a value, or nil where the network has no such value.
  package func shape(_ value: String) -> Shape? { types[value]?.shape }

  /// Extents of a value; empty where the network has no such value.
  package func extents(_ value: String) -> [Int] { types[value]?.shape.extents ?? [] }

  /// Element type of a value.
  package func elementType(_ value: String) -> ElementType? { types[value]?.elementType }

  /// The known value of a name.
  package func constant(_ value: String) -> Tensor? { constants[value] }

  /// Whether a value is computed from what is fed.
  package func isData(_ value: String) -> Bool {
    !value.isEmpty && constants[value] == nil && (classes[value] ?? .data) == .data
  }

  /// Index of the node that makes a value; nil for inputs and constants.
  package func producer(_ value: String) -> Int? { producers[value] }

  /// The node that makes a value, where it is one of the given operators.
  package func node(making value: String, _ types: String...) -> Node? {
    guard let index = producers[value] else { return nil }
    let node = nodes[index]
    return node.operatorName.domain.isEmpty && types.contains(node.operatorName.type) ? node : nil
  }

  /// Indices of the nodes that read a value, ascending.
  package func consumers(_ value: String) -> [Int] { consumers[value] ?? [] }

  /// Whether a node makes something that is delivered or that others compute with, and not only take the shape of.
  func isRead(_ index: Int) -> Bool {
    nodes[index].outputs.contains { !consumers($0).isEmpty || outputs.contains($0) }
  }

  /// Whether a node only puts the elements of its first operand elsewhere, all of them; also into another type.
  ///
  /// A Cast between types moves no element and rounds at most, so recognisers look through it.
  package func isRearranging(_ index: Int) -> Bool {
    let node = nodes[index]
    if node.operatorName == OperatorName("Cast") { return true }
    guard index < operations.count, let operation = operations[index] as? any Rearranging,
      let source = node.inputs.first, let result = node.outputs.first,
      shape(source)?.elementCount == shape(result)?.elementCount
    else { return false }
    let inputs = InputTypes(
      types: node.inputs.map { types[$0] }, constants: node.inputs.map { constants[$0] },
      outputCount: node.outputs.count)
    return operation.map(to: 0, inputs, node.outputs.map { types[$0] }) != nil
  }

  /// The operands of a node that are computed from what is fed.
  package func dataInputs(_ node: Node) -> [String] { node.inputs.filter { isData($0) } }

  /// Integers that a node has as attribute in older operator sets and as operand in newer ones.
  package func integers(_ name: String, operand: Int, of node: Node) -> [Int]? {
    if case .ints(let values)? = node.attribute(name) { return values.map { Int($0) } }
    if case .int(let value)? = node.attribute(name) { return [Int(value)] }
    guard operand < node.inputs.count, !node.inputs[operand].isEmpty else { return nil }
    return constants[node.inputs[operand]]?.integers
  }

  /// The initializer that a constant is, or was laid out from; nil where arithmetic made it or it is none.
  ///
  /// Looks through nodes that only move elements or change their precision, so a gradient reaches the initializer through them.
  package func initializer(behind value: String) -> String? {
    var found: String?
    var pending = [value]
    var seen: Set<String> = []
    while let name = pending.popLast() {
      guard seen.insert(name).inserted else { continue }
      if initializers.contains(name) {
        guard found == nil || found == name else { return nil }
        found = name
        continue
      }
      guard let index = fileProducers[name] else { return nil }
      let node = model.graph.nodes[index]
      guard node.operatorName.domain.isEmpty else { return nil }
      switch node.operatorName.type {
      case "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile", "Slice":
        guard let source = node.inputs.first else { return nil }
        pending.append(source)
      case "Cast":
        guard let source = node.inputs.first, elementType(source)?.isFloatingPoint ?? false else {
          return nil
        }
        pending.append(source)
      case "Concat": pending += node.inputs
      default: return nil
      }
    }
    return found
  }

  /// Number of elements of an initializer; 0 where there is none of that name.
  package func elementCount(ofInitializer name: String) -> Int { types[name]?.shape.elementCount ?? 0 }

  /// Classes of all values of a graph, in passes over its nodes until none is left to learn about.
  private static func classified(_ graph: Graph) -> [String: ValueClass] {
    var classes: [String: ValueClass] = [:]
    for initializer in graph.initializers { classes[initializer.name] = .constant }
    for input in graph.requiredInputs { classes[input.name] = .data }
    var waiting = graph.nodes
    while !waiting.isEmpty {
      var next: [Node] = []
      for node in waiting {
        let operands = node.inputs.filter { !$0.isEmpty }.map { classes[$0] }
        if operands.contains(where: { $0 == nil }) {
          next.append(node)
          continue
        }
        let readsShape =
          node.operatorName.domain.isEmpty && ["Shape", "Size"].contains(node.operatorName.type)
        let result: ValueClass =
          if operands.contains(where: { $0 == .data }) {
            readsShape ? .shape : .data
          } else if operands.contains(where: { $0 == .shape }) {
            .shape
          } else {
            .constant
          }
        for output in node.outputs where !output.isEmpty { classes[output] = result }
      }
      guard next.count < waiting.count else { break }
      waiting = next
    }
    return classes
  }
}
