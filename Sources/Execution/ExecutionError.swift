package import Operators
package import Tensors

/// Why a plan can't be made or a run failed.
package enum ExecutionError: Error, Sendable {
  /// A node can't be computed.
  case node(label: String, operatorName: String, OperatorError)
  /// The system refused memory.
  case outOfMemory(byteCount: Int)
  /// A value needs more memory than there is.
  case memory(value: String, String)
  /// What was fed does not fit the graph.
  case input(name: String, message: String)
  /// The user asked to stop.
  case interrupted
}

extension ExecutionError: ReportableError {
  package var failureCode: FailureCode {
    switch self {
    case .node(_, _, let error): error.failureCode
    case .outOfMemory, .memory: .workFailed
    case .input: .badData
    case .interrupted: .interrupted
    }
  }
  package var message: String {
    switch self {
    case .node(let label, let name, let error): "node '\(label)' (\(name)): \(error.message)"
    case .outOfMemory(let byteCount): StorageError(byteCount: byteCount).message
    case .memory(_, let message): message
    case .input(let name, let message): "input '\(name)': \(message)"
    case .interrupted: "interrupted"
    }
  }
  package var node: String? { if case .node(let label, _, _) = self { label } else { nil } }
  package var tensor: String? {
    switch self {
    case .input(let name, _), .memory(let name, _): name
    case .node, .outOfMemory, .interrupted: nil
    }
  }
  package var hint: String? { isMemoryRefusal ? StorageError(byteCount: 0).hint : nil }
}

extension ExecutionError {
  /// Whether less memory would do.
  var isMemoryRefusal: Bool {
    switch self {
    case .outOfMemory, .memory: true
    case .node(_, _, let error): error.code == .outOfMemory
    case .input, .interrupted: false
    }
  }
}
