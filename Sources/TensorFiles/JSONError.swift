package import Tensors

/// Why a text is not the JSON that was expected, and where.
package struct JSONError: ReportableError, Equatable {
  /// What is wrong, in lower case and without full stop.
  package let reason: String
  /// The line, counted from 1.
  package let line: Int
  /// The column in bytes, counted from 1.
  package let column: Int
  /// The file the text came from, if it came from one.
  package var file: String?

  package var failureCode: FailureCode { .badData }
  package var message: String {
    (file.map { "'\($0)', " } ?? "") + "line \(line), column \(column): \(reason)"
  }
}
