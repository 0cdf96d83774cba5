package import Operators

/// Why a plan can't be made or a run failed.
package enum ExecutionError: Error, Sendable {
  /// A node can't be computed.
  case node(label: String, operatorName: String, OperatorError)
  /// The system refused memory.
  case outOfMemory(byteCount: Int)
  /// What was fed does not fit the graph.
  case input(name: String, message: String)
}
