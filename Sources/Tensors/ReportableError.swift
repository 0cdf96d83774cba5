/// The kind of a failure; the command line tool exits with its number.
public enum FailureCode: Int, Sendable, CaseIterable {
  /// The work itself failed: a full disk, a loss that is not a number.
  case workFailed = 1
  /// The model needs an operator, opset or type that is not supported.
  case unsupported = 3
  /// The command line is wrong.
  case usage = 64
  /// An input exists but its content is bad.
  case badData = 65
  /// An input does not exist or cannot be opened.
  case missingInput = 66
  /// A promise of our own is broken.
  case internalBug = 70
  /// Interrupted on request, after saving.
  case interrupted = 130
}

/// An error that says what failed, where, why and what to do next.
///
/// `message` is one line, lower case, without full stop, and names the thing: found, expected. The places are filled in
/// by the layer that knows them; all but `failureCode` and `message` have a default.
public protocol ReportableError: Error, CustomStringConvertible {
  /// The kind of failure, which decides the exit code.
  var failureCode: FailureCode { get }
  /// What was found and what was expected, in one line.
  var message: String { get }
  /// The file concerned, as the user named it.
  var file: String? { get }
  /// The name of the graph node concerned.
  var node: String? { get }
  /// The name of the tensor or graph value concerned.
  var tensor: String? { get }
  /// The field, attribute, option or key concerned.
  var field: String? { get }
  /// What the user can do about it.
  var hint: String? { get }
  /// The error that led to this one.
  var underlying: (any Error)? { get }
  /// Everything of one kind that was found, a line each, where one error reports several things.
  var details: [String] { get }
  /// What is not supported, each as `<operator> <details>`, in the order of the model; empty for other failures.
  var unsupported: [String] { get }
}

extension ReportableError {
  /// Nil by default.
  public var file: String? { nil }
  /// Nil by default.
  public var node: String? { nil }
  /// Nil by default.
  public var tensor: String? { nil }
  /// Nil by default.
  public var field: String? { nil }
  /// Nil by default.
  public var hint: String? { nil }
  /// Nil by default.
  public var underlying: (any Error)? { nil }
  /// Empty by default.
  public var details: [String] { [] }
  /// Empty by default.
  public var unsupported: [String] { [] }
  /// The message.
  public var description: String { message }
}
