package import Graphs
import Tensors

/// What a node's operator name says where it computes nothing itself: the node stands for other nodes, which take its place
/// before anything is typed, computed, differentiated or recognised.
///
/// One file each and one line in `OperatorFamilies`, as for operators that compute. An instance is a value without state.
package protocol Expandable: Sendable {
  /// Name, versions and operands.
  static var schema: OperatorSchema { get }

  /// Reads the attributes once and refuses by name what is not implemented.
  init(reading node: AttributeReader) throws(OperatorError)

  /// Whether this form of the node stands for others, rather than for the operator of the same name.
  var isExpanded: Bool { get }

  /// Operands whose values decide which nodes these are, so that they must be known.
  var decidingInputs: [Int] { get }

  /// The nodes, in topological order: they make the node's results under the names that it gives them.
  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node]
}

extension Expandable {
  package var isExpanded: Bool { true }

  package var decidingInputs: [Int] { [] }
}

/// A node that is to be replaced, with what is known where it stands.
package struct ExpansionSite {
  /// The node.
  package let node: Node
  /// Types and known values of its operands.
  package let inputs: InputTypes
  /// The type in which the file stores the first operand, where it does so in fewer bits than are computed with.
  let storedType: ElementType?
  /// For each operand the operator that makes it; nil for what is fed or known.
  package let makers: [OperatorName?]
  /// Version of the default operator set that the model imports.
  package let operatorSet: Int

  /// An operand's name, or nil where the node has none there.
  func input(_ index: Int) -> String? {
    index < node.inputs.count && !node.inputs[index].isEmpty ? node.inputs[index] : nil
  }

  /// A result's name, or nil where the node has none there.
  func output(_ index: Int) -> String? {
    index < node.outputs.count && !node.outputs[index].isEmpty ? node.outputs[index] : nil
  }

  /// Whether an operator of the default domain makes an operand.
  func isMade(_ index: Int, by type: String) -> Bool {
    index < makers.count && makers[index] == OperatorName(type)
  }
}

/// Names for the values and nodes that take a node's place: its own name is their prefix, and no two are equal.
package struct ExpansionNames: Sendable {
  private var values: Set<String>
  private var nodes: Set<String>
  private var numbers: [String: Int] = [:]

  /// Names that a graph, its subgraphs included, does not have.
  init(avoiding graph: Graph) {
    values = []
    nodes = []
    add(graph)
  }

  /// Moves the names out, so that whoever names next does not copy them.
  mutating func taken() -> ExpansionNames {
    let names = self
    (values, nodes, numbers) = ([], [], [:])
    return names
  }

  private mutating func add(_ graph: Graph) {
    values.formUnion(graph.definedNames)
    for node in graph.nodes {
      nodes.insert(node.name)
      values.formUnion(node.inputs)
      node.subgraphs.forEach { add($0) }
    }
  }

  /// A name for a value that takes part in what a node stands for.
  mutating func value(_ name: String, in node: Node) -> String {
    ExpansionNames.fresh(name, in: node, &values, &numbers)
  }

  /// A name for a node that takes part in what a node stands for.
  mutating func node(_ name: String, in node: Node) -> String {
    ExpansionNames.fresh(name, in: node, &nodes, &numbers)
  }

  private static func fresh(
    _ name: String, in node: Node, _ taken: inout Set<String>, _ numbers: inout [String: Int]
  ) -> String {
    let prefix = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? "" : node.name
    let base = "\(clipped(prefix))/\(clipped(name))"
    guard !taken.insert(base).inserted else { return base }
    while true {
      let number = (numbers[base] ?? 1) + 1
      numbers[base] = number
      let candidate = "\(base)_\(number)"
      if taken.insert(candidate).inserted { return candidate }
    }
  }

  /// The start of a name: with calls in calls, names would grow with each.
  private static func clipped(_ name: String) -> String {
    let limit = 200
    guard name.utf8.count > limit else { return name }
    return String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit)))
  }
}
