import Graphs
package import Tensors

/// An operator of which older operator sets say as attributes, or elsewhere, what the newest says by operands.
package protocol OlderForm: Operator {
  /// The operands of the newest form, for a node of any version.
  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand]
}

/// An operand of the newest form of a node.
package enum FormOperand: Sendable {
  /// A value of the graph; an empty name is an absent one.
  case value(String)
  /// A vector of int64 that the node has as attribute.
  case integers([Int])
  /// A vector of float32 that the node has as attribute.
  case numbers([Float])
  /// A number that the node has as attribute, in the type of its first operand.
  case number(Float)

  /// An attribute's integers, or no operand where there are none.
  static func integers(_ values: [Int]?) -> FormOperand { values.map { .integers($0) } ?? .value("") }

  /// An attribute's number, or no operand where there is none.
  static func number(_ value: Float?) -> FormOperand { value.map { .number($0) } ?? .value("") }
}

extension AttributeReader {
  /// The operands as the node names them.
  var operands: [FormOperand] { node.inputs.map { .value($0) } }
}

/// A node of a file with its operator, before what it has as attributes are values of a graph.
package struct ReadOperation: Sendable {
  /// What it computes.
  package let operation: any Operator
  fileprivate let operands: [FormOperand]
  fileprivate let node: Node

  /// An operator with operands.
  init(_ operation: any Operator, _ operands: [FormOperand], of node: Node) {
    self.operation = operation
    self.operands = operands
    self.node = node
  }

  /// Names of the operands; those that attributes give have none yet.
  package var inputs: [String] {
    operands.map { if case .value(let name) = $0 { name } else { "" } }
  }
}

extension ReadOperation {
  /// The node in the newest form, with the constants that hold what it has as attributes.
  ///
  /// - Parameter naming: gives a name to the operand that the schema calls so.
  package func completed(in graph: LoweredGraph, naming: (String) -> String) throws(OperatorError) -> (
    node: LoweredNode, constants: [(name: String, value: Tensor)]
  ) {
    let names = Swift.type(of: operation).schema.inputs
    let type = inputs.first.flatMap { graph.types[$0]?.elementType }
    var result = LoweredNode(operation, inputs, outputs: node.outputs, name: node.name)
    var constants: [(name: String, value: Tensor)] = []
    for (index, operand) in operands.enumerated() {
      guard let tensor = try operand.tensor(like: type) else { continue }
      result.inputs[index] = naming(names[index].replacing("?", with: ""))
      constants.append((result.inputs[index], tensor))
    }
    while result.inputs.count > node.inputs.count, result.inputs.last == "" { result.inputs.removeLast() }
    return (result, constants)
  }
}

extension FormOperand {
  /// What an attribute gives, beside a first operand of a type; nil for a value of the graph.
  fileprivate func tensor(like type: ElementType?) throws(OperatorError) -> Tensor? {
    do {
      switch self {
      case .value: return nil
      case .integers(let values): return try Tensor(values.map(Int64.init))
      case .numbers(let values): return try Tensor(values)
      case .number(let value) where type == .float64: return try Tensor([Double(value)], shape: [])
      case .number(let value) where type == .float32: return try Tensor([value], shape: [])
      case .number: break
      }
    } catch { throw OperatorError(.outOfMemory, "no memory for an attribute's values") }
    throw .unsupported("has a float as attribute beside operands of type \(type?.name ?? "unknown")")
  }
}

extension LoweredGraph {
  /// Adds a constant.
  package mutating func add(_ constant: Tensor, named name: String) {
    types[name] = ValueType(constant.elementType, constant.shape)
    constants[name] = constant
  }
}
