package import Tensors

/// The command line, or the file given with `--config`, asks for something that does not exist or does not fit.
package struct UsageError: ReportableError, Equatable {
  package let message: String
  /// The option or argument concerned, as the user writes it.
  package let field: String?
  /// The verb whose help explains more; the parser fills it in.
  package var verb: String?

  package init(_ message: String, field: String? = nil) {
    (self.message, self.field) = (message, field)
  }

  package var failureCode: FailureCode { .usage }
  package var hint: String? { verb.map { $0.isEmpty ? "dka --help" : "dka \($0) --help" } }
}
