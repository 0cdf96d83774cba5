public import Tensors

/// Why an image, a folder or a list of images cannot be used.
public struct DatasetError: ReportableError, Equatable {
  /// `badData` for content that is wrong, `missingInput` for what is not there, `workFailed` for what cannot be written,
  /// `interrupted` where the user asked to stop.
  public let failureCode: FailureCode
  /// What was found and what was expected.
  public let message: String
  /// The file or folder concerned.
  public let file: String?
  /// What the user can do about it.
  public let hint: String?
  /// Everything of one kind that was found, a line each.
  public let details: [String]

  package init(
    _ failureCode: FailureCode, _ message: String, file: String? = nil, hint: String? = nil,
    details: [String] = []
  ) {
    self.details = details
    self.failureCode = failureCode
    self.message = message
    self.file = file
    self.hint = hint
  }

  /// The user asked to stop.
  package static let interrupted = Self(.interrupted, "interrupted")

  /// Content of a file that is wrong: `'<file>': <reason>`.
  package static func badFile(_ file: String, _ reason: String, hint: String? = nil) -> Self {
    Self(.badData, "'\(file)': \(reason)", file: file, hint: hint)
  }

  /// An image that is wrong, of a file that may hold several.
  static func badImage(_ sample: Sample, _ reason: String) -> Self {
    Self(.badData, "\(sample.quoted): \(reason)", file: sample.path)
  }

  /// A file or folder that is not there or cannot be opened.
  package static func missing(_ file: String, _ reason: String, hint: String? = nil) -> Self {
    Self(.missingInput, "'\(file)': \(reason)", file: file, hint: hint)
  }

  /// One error for several: the first where it is the only one, else a summary with a line each; nil for none.
  static func joined(_ failures: [DatasetError], _ summary: String) -> DatasetError? {
    guard failures.count > 1 else { return failures.first }
    let areAllMissing = failures.allSatisfy { $0.failureCode == .missingInput }
    return DatasetError(
      areAllMissing ? .missingInput : .badData, summary, hint: "replace or remove these files",
      details: failures.map(\.message))
  }
}
