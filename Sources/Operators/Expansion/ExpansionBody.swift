import Graphs
import Tensors

/// The nodes that one node stands for, while they are put together.
struct ExpansionBody {
  /// The node that is replaced, and what is known where it stands.
  let site: ExpansionSite
  /// The nodes so far, in topological order.
  private(set) var nodes: [Node] = []

  /// No nodes yet.
  init(of site: ExpansionSite) { self.site = site }

  /// Appends a node with one result.
  ///
  /// - Parameter hint: what the result's name ends in.
  /// - Returns: the result's name.
  mutating func emit(
    _ type: String, _ inputs: [String], _ attributes: [Attribute] = [], as hint: String,
    naming names: inout ExpansionNames
  ) -> String {
    let result = names.value(hint, in: site.node)
    nodes.append(
      Node(
        type, name: names.node(type, in: site.node), inputs: inputs, outputs: [result],
        attributes: attributes))
    return result
  }

  /// Appends the node that makes the first result of the one that is replaced, and has its name.
  mutating func deliver(_ type: String, _ inputs: [String], _ attributes: [Attribute] = []) {
    nodes.append(
      Node(
        type, name: site.node.name, inputs: inputs, outputs: Array(site.node.outputs.prefix(1)),
        attributes: attributes))
  }

  /// Appends a scalar of the first operand's type.
  mutating func number(_ value: Double, as hint: String, naming names: inout ExpansionNames)
    throws(OperatorError) -> String
  {
    let isDouble = site.inputs[0].elementType == .float64
    let number = try constant(as: hint, naming: &names) { () throws(StorageError) in
      try isDouble ? Tensor(scalar: value) : Tensor(scalar: Float(value))
    }
    guard let stored = site.storedType else { return number }
    return emit("Cast", [number], [Attribute("to", Int(stored.rawValue))], as: hint, naming: &names)
  }

  /// Appends a vector of int64.
  mutating func integers(_ values: [Int], as hint: String, naming names: inout ExpansionNames)
    throws(OperatorError) -> String
  {
    try constant(as: hint, naming: &names) { () throws(StorageError) in try Tensor(values.map(Int64.init)) }
  }

  private mutating func constant(
    as hint: String, naming names: inout ExpansionNames, _ make: () throws(StorageError) -> Tensor
  ) throws(OperatorError) -> String {
    let tensor: Tensor
    do { tensor = try make() } catch { throw OperatorError(.outOfMemory, "no memory for a number") }
    let value = Attribute("value", .tensor(TensorConstant(name: "", tensor)))
    return emit("Constant", [], [value], as: hint, naming: &names)
  }
}
