import TensorFiles
import Tensors

/// Tells the user what went wrong and gives the exit code for it.
package struct Diagnostics {
  private let console: Console

  package init(_ console: Console) { self.console = console }

  /// Prints `error:`, the `because:` chain and the `try:` hint; under `--json` also the error's object.
  ///
  /// A reader that closed the pipe has what it wanted, so that ends quietly. An error of unknown kind is our own bug.
  package func report(_ error: any Error) -> ExitCode {
    console.show(status: "")
    if let error = error as? OutputError, error.isClosedPipe { return .done }
    guard let reported = error as? any ReportableError else {
      return report(UnexpectedError(error))
    }
    for line in PrintableText.shortened(reported.unsupported) { console.report("UNSUPPORTED \(line)") }
    console.report(place(of: reported) + reported.message, label: "error:", .error)
    for detail in PrintableText.shortened(reported.details) { console.report("  " + detail) }
    for reason in reasons(of: reported) { console.report("because: \(reason)") }
    if let hint = reported.hint { console.report(hint, label: "try:", .hint) }
    if console.settings.wantsJSON {
      // The exit code tells what happened even when this cannot be written.
      try? console.result(json: object(for: reported), text: "")
    }
    return ExitCode(reported.failureCode)
  }

  /// File, node and tensor that the message itself does not name in quotes; of a wrong option its name alone.
  private func place(of error: any ReportableError) -> String {
    if error.failureCode == .usage, let option = error.field, option.hasPrefix("--") {
      return error.message.contains(option) ? "" : "\(option): "
    }
    var place = ""
    func names(_ name: String) -> Bool { error.message.contains("'\(name)'") }
    if let file = error.file, !names(file) { place += "\(file): " }
    if let node = error.node, !node.isEmpty, !names(node) { place += "node '\(node)': " }
    if let tensor = error.tensor, !tensor.isEmpty, !names(tensor) { place += "tensor '\(tensor)': " }
    return place
  }

  private func object(for error: any ReportableError) -> JSONValue {
    var members: JSONObject = [
      "code": .integer(error.failureCode.rawValue), "message": .string(error.message),
      "file": JSONValue(error.file), "node": JSONValue(error.node), "tensor": JSONValue(error.tensor),
      "field": JSONValue(error.field), "hint": JSONValue(error.hint),
    ]
    let reasons = reasons(of: error)
    if !reasons.isEmpty { members["because"] = JSONValue(reasons) }
    if !error.details.isEmpty { members["details"] = JSONValue(error.details) }
    if !error.unsupported.isEmpty { members["unsupported"] = JSONValue(error.unsupported) }
    return ["error": .object(members)]
  }

  private func reasons(of error: any ReportableError) -> [String] {
    var reasons: [String] = []
    var next = error.underlying
    while let cause = next, reasons.count < 16 {
      let reported = cause as? any ReportableError
      let reason = reported?.message ?? "\(cause)"
      if reason != error.message { reasons.append(reason) }
      next = reported?.underlying
    }
    return reasons
  }
}

/// An error that no module of ours describes.
private struct UnexpectedError: ReportableError {
  let message: String
  var failureCode: FailureCode { .internalBug }
  var hint: String? { "report this as a bug of dka, with the command line" }

  init(_ error: any Error) { message = "unexpected error of type \(type(of: error)): \(error)" }
}
