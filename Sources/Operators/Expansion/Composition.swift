package import Graphs
import Tensors

/// An operator that a few others say on its operands: its nodes are emitted one after the other.
///
/// They are in the form of the operator set that the file imports, whichever that is.
package protocol Composition: Expandable {
  /// Emits the nodes; the last ones, by `deliver`, make the node's results.
  func compose(_ nodes: inout ComposedNodes) throws(OperatorError)
}

extension Composition {
  package func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError)
    -> [Node]
  {
    var composed = ComposedNodes(site, names: names.taken())
    defer { names = composed.names }
    try compose(&composed)
    return composed.nodes
  }
}

/// Nodes that take the place of one, in order.
package struct ComposedNodes {
  /// The node that is replaced.
  let site: ExpansionSite
  /// Those that take its place.
  fileprivate private(set) var nodes: [Node] = []
  fileprivate var names: ExpansionNames

  init(_ site: ExpansionSite, names: ExpansionNames) {
    self.site = site
    self.names = names
  }

  /// An operand that the schema requires.
  subscript(index: Int) -> String { site.node.inputs[index] }

  /// Type of an operand that the schema requires.
  func type(_ index: Int = 0) -> ValueType { site.inputs[index] }

  /// Appends a node with one result, and returns the result's name.
  mutating func emit(_ type: String, _ inputs: [String], _ attributes: [Attribute] = []) -> String {
    let result = names.value(type, in: site.node)
    nodes.append(
      Node(
        type, name: names.node(type, in: site.node), inputs: inputs, outputs: [result],
        attributes: attributes))
    return result
  }

  /// Appends the node that makes a result of the replaced one, under its name.
  mutating func deliver(_ type: String, _ inputs: [String], _ attributes: [Attribute] = [], as index: Int = 0)
  {
    let name = index == 0 ? site.node.name : names.node(type, in: site.node)
    nodes.append(
      Node(type, name: name, inputs: inputs, outputs: [site.node.outputs[index]], attributes: attributes))
  }

  /// A number in the type of the first operand.
  ///
  /// - Throws: `unsupported` where that type has no such number.
  mutating func number(_ value: Double) throws(OperatorError) -> String {
    switch type().elementType {
    case .float32: return try constant { () throws(StorageError) in try Tensor(scalar: Float(value)) }
    case .float64: return try constant { () throws(StorageError) in try Tensor(scalar: value) }
    case .int64:
      if let whole = Int64(exactly: value) {
        return try constant { () throws(StorageError) in try Tensor(scalar: whole) }
      }
    case .int32:
      if let whole = Int32(exactly: value) {
        return try constant { () throws(StorageError) in try Tensor(scalar: whole) }
      }
    default: break
    }
    throw .unsupported("input 0 has element type \(type().elementType.name), implemented: float, double")
  }

  /// A vector of int64.
  mutating func integers(_ values: [Int]) throws(OperatorError) -> String {
    try constant { () throws(StorageError) in try Tensor(values.map(Int64.init)) }
  }

  private mutating func constant(_ tensor: () throws(StorageError) -> Tensor) throws(OperatorError) -> String
  {
    do throws(StorageError) {
      return emit("Constant", [], [Attribute("value", .tensor(TensorConstant(name: "", try tensor())))])
    } catch { throw OperatorError(.outOfMemory, "no memory for a constant") }
  }

  /// A value in another shape; −1 and 0 as Reshape has them.
  mutating func reshape(_ value: String, to extents: [Int]) throws(OperatorError) -> String {
    emit("Reshape", [value, try integers(extents)])
  }

  /// A value in the shape of another one, as the last node.
  mutating func deliver(_ value: String, inShapeOf other: String) {
    deliver("Reshape", [value, emit("Shape", [other])])
  }

  /// A reduction over the given axes, which stay with extent 1.
  mutating func reduce(_ type: String, _ value: String, _ axes: [Int]) throws(OperatorError) -> String {
    let (inputs, attributes) = try reduction(type, value, axes)
    return emit(type, inputs, attributes)
  }

  /// A reduction over the given axes, which stay with extent 1, as the last node.
  mutating func deliverReduction(_ type: String, _ value: String, _ axes: [Int]) throws(OperatorError) {
    let (inputs, attributes) = try reduction(type, value, axes)
    deliver(type, inputs, attributes)
  }

  private mutating func reduction(_ type: String, _ value: String, _ axes: [Int]) throws(OperatorError) -> (
    inputs: [String], attributes: [Attribute]
  ) {
    guard site.operatorSet >= (type == "ReduceSum" ? 13 : 18) else {
      return ([value], [Attribute("axes", axes)])
    }
    return ([value, try integers(axes)], [])
  }
}
