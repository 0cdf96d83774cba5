/// Why an operator can't be read, typed, computed or differentiated.
///
/// The message says what was found and expected; the layer above adds the node.
package struct OperatorError: Error, Sendable {
  /// Kind of failure.
  package enum Code: Sendable {
    /// The operator, version, attribute value or element type is not implemented.
    case unsupported
    /// The model breaks the operator's rules.
    case invalid
    /// An operand whose value decides a shape is not known before the model runs.
    case needsConstant
    /// No gradient exists with respect to an operand that needs one.
    case notDifferentiable
    /// The system refused memory.
    case outOfMemory
  }
  /// Kind of failure.
  package let code: Code
  /// What was found and what was expected.
  package let message: String

  /// An error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The model breaks the operator's rules.
  package static func invalid(_ message: String) -> OperatorError { OperatorError(.invalid, message) }

  /// Something is not implemented.
  package static func unsupported(_ message: String) -> OperatorError { OperatorError(.unsupported, message) }
}
