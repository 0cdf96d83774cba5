import Graphs
package import Operators
import Tensors

/// Computes once what several nodes compute alike: equal operators on the same operands.
///
/// Small constants of the same content count as one. Nodes that draw random numbers stay apart.
package struct EliminateCommonNodes: RewriteRule {
  package let label = "eliminate common nodes"

  package init() {}

  private struct Key: Hashable {
    let operation: String
    let operands: [Operand]
    let resultCount: Int
  }

  private enum Operand: Hashable {
    case value(String)
    /// A small constant by its content.
    case constant(String)
  }

  private static let random: Set<String> = [
    "Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike",
  ]
  private static let constantLimit = 64

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var first: [Key: EditableGraph.NodeID] = [:]
    var constants: [String: Operand] = [:]
    var count = 0
    for id in graph.ids {
      guard let node = graph[id], !Self.random.contains(node.type), let operation = node.operation.content
      else { continue }
      let operands = node.inputs.map { Self.content(of: $0, in: graph, &constants) }
      let key = Key(operation: operation, operands: operands, resultCount: node.outputs.count)
      guard let known = first[key].flatMap({ graph[$0] }) else {
        first[key] = id
        continue
      }
      let pairs = Array(zip(node.outputs, known.outputs))
      guard pairs.allSatisfy({ $0.isEmpty == $1.isEmpty && !graph.barriers.contains($0) }) else { continue }
      graph.merge(id, into: pairs)
      count += 1
    }
    return count
  }

  /// A constant's content where it is small, else the value's name.
  private static func content(of value: String, in graph: EditableGraph, _ known: inout [String: Operand])
    -> Operand
  {
    guard let tensor = graph.constant(value), tensor.byteCount <= constantLimit else { return .value(value) }
    if let operand = known[value] { return operand }
    let bytes = tensor.bytes.map(String.init).joined(separator: ",")
    let operand = Operand.constant("\(tensor.elementType.rawValue) \(tensor.shape) \(bytes)")
    known[value] = operand
    return operand
  }
}
