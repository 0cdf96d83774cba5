import Graphs
package import Tensors

/// Why a graph can't be brought to execution.
package enum LoweringError: Error, Sendable {
  /// An operator that is missing or refused, with the nodes that use it.
  package struct Unsupported: Sendable {
    /// Operator, for example `com.microsoft.SkipLayerNormalization`.
    package let name: String
    /// Domain; empty for the default one.
    package let domain: String
    /// Version of the domain that the model imports, or nil where it imports none.
    package let version: Int?
    /// Labels of the nodes.
    package let nodes: [String]
    /// What is refused.
    package let reason: String
  }
  /// Everything that is not implemented, all at once.
  case unsupported([Unsupported])
  /// A node breaks its operator's rules or can't be typed.
  case node(label: String, operatorName: String, OperatorError)
  /// The graph itself is wrong: cycle, undefined value, unsuitable input.
  case graph(String, value: String?)
}

extension LoweringError: ReportableError {
  package var failureCode: FailureCode {
    switch self {
    case .unsupported: .unsupported
    case .node(_, _, let error): error.failureCode
    case .graph: .badData
    }
  }
  package var message: String {
    switch self {
    case .unsupported(let refused):
      refused.count == 1 ? refused[0].reason : "\(refused.count) operators of the model are not supported"
    case .node(let label, let name, let error): "node '\(label)' (\(name)): \(error.message)"
    case .graph(let message, _): message
    }
  }
  package var node: String? {
    switch self {
    case .unsupported(let refused): refused.first?.nodes.first
    case .node(let label, _, _): label
    case .graph: nil
    }
  }
  package var tensor: String? {
    if case .graph(_, let value) = self { value } else { nil }
  }
  package var hint: String? {
    if case .unsupported = self {
      "export the model again with operators and an opset that are supported"
    } else {
      nil
    }
  }
  package var unsupported: [String] {
    guard case .unsupported(let refused) = self else { return [] }
    return refused.map { entry in
      let shown = entry.nodes.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
      let rest = entry.nodes.count > 3 ? " and \(entry.nodes.count - 3) more" : ""
      return "\(entry.name) forward: \(entry.reason), in \(shown)\(rest)"
    }
  }
}

extension LoweringError {
  /// What an operator refused, with the node.
  init(_ error: OperatorError, at label: String, _ name: OperatorName, version: Int) {
    if error.code == .unsupported {
      self = .unsupported([
        Unsupported(
          name: name.description, domain: name.domain, version: version, nodes: [label],
          reason: error.message)
      ])
    } else {
      self = .node(label: label, operatorName: name.description, error)
    }
  }
}

extension OperatorError {
  /// The exit code that this kind of failure leads to.
  package var failureCode: FailureCode {
    switch code {
    case .unsupported, .needsConstant, .notDifferentiable: .unsupported
    case .invalid: .badData
    case .outOfMemory: .workFailed
    }
  }
}
