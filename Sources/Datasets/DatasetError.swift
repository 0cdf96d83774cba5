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
  /// What is wrong with one image of a file that holds several.
  private let fault: FrameFault?

  /// A fault that the other images of a file may have too.
  private struct FrameFault: Equatable {
    let file: String
    let reason: String
    let frame: Int

    /// Equal for images of a file in which the same is wrong.
    var kind: [String] { [file, reason] }
  }

  package init(
    _ failureCode: FailureCode, _ message: String, file: String? = nil, hint: String? = nil,
    details: [String] = []
  ) {
    self.init(failureCode, message, file: file, hint: hint, details: details, fault: nil)
  }

  private init(
    _ failureCode: FailureCode, _ message: String, file: String?, hint: String? = nil, details: [String] = [],
    fault: FrameFault?
  ) {
    self.details = details
    self.fault = fault
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
  static func badImage(_ sample: Sample, _ reason: String, hint: String? = nil) -> Self {
    Self(
      .badData, "\(sample.quoted): \(reason)", file: sample.path, hint: hint,
      fault: sample.frame.map { FrameFault(file: sample.path, reason: reason, frame: $0) })
  }

  /// A file or folder that is not there or cannot be opened.
  package static func missing(_ file: String, _ reason: String, hint: String? = nil) -> Self {
    Self(.missingInput, "'\(file)': \(reason)", file: file, hint: hint)
  }

  /// What to do about files that are not there or cannot be opened.
  private static let opening = "check the name and that the file can be opened"

  /// One error for several: what the only one says, else a summary with a line each; nil for none.
  ///
  /// - Parameter hint: what helps against all of them where they do not say the same themselves.
  static func joined(_ failures: [DatasetError], _ summary: String, hint: String? = nil) -> DatasetError? {
    guard let first = failures.first else { return nil }
    let areAllMissing = failures.allSatisfy { $0.failureCode == .missingInput }
    let own = failures.allSatisfy { $0.hint == first.hint } ? first.hint : nil
    let opening = areAllMissing ? Self.opening : nil
    guard failures.count > 1 else {
      return DatasetError(
        first.failureCode, first.message, file: first.file,
        hint: own ?? hint ?? opening ?? "replace or remove this file", details: first.details)
    }
    return DatasetError(
      areAllMissing ? .missingInput : .badData, summary,
      hint: own ?? hint ?? opening ?? "replace or remove these files", details: lines(of: failures))
  }

  /// What is wrong, a line each; what is wrong in the same way with several images of a file is said once.
  package static func lines(of failures: [DatasetError]) -> [String] {
    let frames = Dictionary(grouping: failures.compactMap(\.fault), by: \.kind).mapValues { $0.map(\.frame) }
    return failures.compactMap { failure in
      guard let fault = failure.fault, let all = frames[fault.kind], all.count > 1 else {
        return failure.message
      }
      guard fault.frame == all[0] else { return nil }
      let isRange = zip(all, all.dropFirst()).allSatisfy { $0 + 1 == $1 }
      let text = isRange ? "\(all[0]) … \(all[all.count - 1])" : DatasetNote.list(all.map(String.init))
      return "'\(fault.file)' frames \(text): \(fault.reason)"
    }
  }

  /// What can be done about them, each said once, in the order of the first that needs it.
  package static func hints(of failures: [DatasetError]) -> [String] {
    var known: Set<String> = []
    return failures.map {
      $0.hint ?? ($0.failureCode == .missingInput ? opening : "replace or remove what cannot be read")
    }.filter { known.insert($0).inserted }
  }
}
