public import Tensors

/// A file could not be read or written: which one, where in it, why.
public struct FormatError: ReportableError {
  /// The kind of failure.
  public let failureCode: FailureCode
  /// What was found and what was expected.
  public var message: String
  /// The file.
  public var file: String?
  /// The node in whose content the fault lies.
  public var node: String?
  /// The tensor or value in whose content the fault lies.
  public var tensor: String?
  /// The field of the message.
  public var field: String?
  /// What the user can do.
  public var hint: String?
  /// The cause.
  public var underlying: (any Error)?

  /// An error about a file's content or access.
  package init(
    _ message: String, code: FailureCode = .badData, file: String? = nil, tensor: String? = nil,
    field: String? = nil, hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.message = message
    failureCode = code
    self.file = file
    self.tensor = tensor
    self.field = field
    self.hint = hint
    self.underlying = underlying
  }

  /// The message with its places: `model.onnx: node 'n': tensor 'w': …`.
  public var description: String {
    let node = node.map { "node '\($0)': " } ?? ""
    let tensor = tensor.map { "tensor '\($0)': " } ?? ""
    return (file.map { "\($0): " } ?? "") + node + tensor + message
  }

  /// The same error with places filled in that it does not name yet.
  ///
  /// An empty name is no place.
  func located(
    file: String? = nil, node: String? = nil, tensor: String? = nil, field: String? = nil
  ) -> FormatError {
    var error = self
    error.file = error.file ?? file
    error.node = error.node ?? node
    error.tensor = error.tensor ?? (tensor == "" ? nil : tensor)
    error.field = error.field ?? field
    return error
  }
}
