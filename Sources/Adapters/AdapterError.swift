import Backbones
public import Tensors

/// Why a network can't be adapted as asked.
public struct AdapterError: ReportableError {
  /// The kind of failure.
  public let failureCode: FailureCode
  /// What was found and what was expected.
  public let message: String
  /// The file concerned.
  public var file: String?
  /// The value or tensor concerned.
  public var tensor: String?
  /// The option or key concerned.
  public var field: String?
  /// What the user can do.
  public var hint: String?
  /// What led to this.
  public var underlying: (any Error)?

  /// An error of some kind.
  public init(
    _ failureCode: FailureCode, _ message: String, file: String? = nil, tensor: String? = nil,
    field: String? = nil,
    hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.failureCode = failureCode
    self.message = message
    self.file = file
    self.tensor = tensor
    self.field = field
    self.hint = hint
    self.underlying = underlying
  }

  static func usage(_ message: String, option: String, hint: String? = nil) -> AdapterError {
    AdapterError(.usage, message, field: "--" + option, hint: hint)
  }

  /// Several outputs could be those of a classifier.
  static func ambiguous(_ outputs: [String]) -> AdapterError {
    let error = BackboneError.ambiguousScores(outputs)
    return AdapterError(
      error.failureCode, error.message, tensor: error.tensor, hint: error.hint, underlying: error)
  }
}
