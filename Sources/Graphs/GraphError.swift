public import Tensors

/// A graph is not what it should be: which node or value, and why.
public struct GraphError: ReportableError {
  /// The kind of failure.
  public let failureCode: FailureCode
  /// What was found and what was expected; names the node and the value.
  public let message: String
  /// The node concerned.
  public let node: String?
  /// The value concerned.
  public let tensor: String?
  /// What the user can do.
  public let hint: String?

  /// An error about a graph.
  package init(
    _ message: String, code: FailureCode = .badData, node: String? = nil, tensor: String? = nil,
    hint: String? = nil
  ) {
    self.message = message
    failureCode = code
    self.node = node
    self.tensor = tensor
    self.hint = hint
  }
}
