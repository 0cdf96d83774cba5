import DKA
import Synchronization
package import TensorFiles

/// Where a verb writes: results to standard output, everything else to standard error.
///
/// Whatever goes to either passes `PrintableText`, so that names out of files cannot act on a terminal; JSON escapes by its own rules.
package final class Console: Sendable {
  /// How much is said on standard error.
  package enum Level: Int, Sendable { case quiet, normal, verbose }

  /// What the command line and the terminals ask for.
  package struct Settings: Sendable {
    package var level = Level.normal
    /// True under `--json`: results are one JSON object.
    package var wantsJSON = false
    package var isColored = false
    /// True when standard error is a terminal that can redraw a line.
    package var isAnimated = false
    /// True when a person reads standard output: JSON is indented there.
    package var isOutputTerminal = false
    /// The columns of a line.
    package var width = 80

    package init() {}
  }

  /// How a piece of a message looks on a terminal with colours.
  package enum Style: String, Sendable { case error = "1;31", warning = "1;33", hint = "1;36", faint = "2" }

  private struct Status {
    var line = ""
    var isInterruptionAnnounced = false
  }

  package let settings: Settings
  private let output: any TextSink
  private let errors: any TextSink
  private let interruption: @Sendable () -> Bool
  private let status = Mutex(Status())

  package init(
    output: any TextSink, errors: any TextSink, settings: Settings = Settings(),
    interruption: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.output, self.errors, self.settings, self.interruption) = (output, errors, settings, interruption)
  }

  /// Prints the result of a verb: the object under `--json`, else the text.
  package func result(json: @autoclosure () -> JSONValue, text: @autoclosure () -> String) throws(OutputError)
  {
    if settings.wantsJSON {
      try writeResult(json().text(indented: settings.isOutputTerminal))
    } else {
      try writeResult(PrintableText.block(text()))
    }
  }

  /// Prints the result of a verb as lines about one file: the object under `--json`, which has all of them.
  package func result(json: @autoclosure () -> JSONValue, lines: @autoclosure () -> [String])
    throws(OutputError)
  {
    try result(
      json: json(), text: PrintableText.shortened(lines()).map(PrintableText.line).joined(separator: "\n"))
  }

  /// Prints a line of a result that has no JSON form.
  package func result(_ text: String) throws(OutputError) {
    precondition(!settings.wantsJSON, "under --json standard output holds one JSON object and nothing else")
    try writeResult(PrintableText.block(text))
  }

  /// Says something to whoever follows the work.
  package func note(_ text: String) { if settings.level != .quiet { report(text) } }

  /// Says something that only matters under `--verbose`.
  package func detail(_ text: String) {
    if settings.level == .verbose { writeMessage(styled(PrintableText.line(text), .faint)) }
  }

  /// Says that something is probably not as the user wants it.
  package func warn(_ text: String) {
    if settings.level != .quiet { report(text, label: "warning:", .warning) }
  }

  /// Prints a line of any level, also under `--quiet`, after a label where one is given.
  package func report(_ text: String, label: String? = nil, _ style: Style = .faint) {
    writeMessage((label.map { styled($0, style) + " " } ?? "") + PrintableText.line(text))
  }

  /// Prints several lines of the program's own, also under `--quiet`.
  package func explain(_ text: String) { writeMessage(PrintableText.block(text)) }

  /// Replaces the line at the bottom of the terminal; the empty line removes it.
  package func show(status text: String) {
    guard settings.isAnimated else { return }
    let line = PrintableText.line(text)
    status.withLock { state in
      guard state.line != line else { return }
      state.line = line
      tell("\r\u{1B}[K" + line)
    }
  }

  /// True once the user asked to stop; long work asks this between its steps and then saves.
  package var isInterrupted: Bool {
    guard interruption() else { return false }
    let isNew = status.withLock { state in
      defer { state.isInterruptionAnnounced = true }
      return !state.isInterruptionAnnounced
    }
    if isNew { note("stopping after this step; interrupt again to stop at once") }
    return true
  }

  /// The text in the style when messages are coloured, else as it is.
  private func styled(_ text: String, _ style: Style) -> String {
    settings.isColored ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  private func writeResult(_ text: String) throws(OutputError) {
    show(status: "")
    try output.write(NameSpelling.original(text) + "\n")
  }

  private func writeMessage(_ text: String) {
    status.withLock { state in
      tell(state.line.isEmpty ? text + "\n" : "\r\u{1B}[K" + text + "\n" + state.line)
    }
  }

  private func tell(_ text: String) {
    // When standard error cannot be written there is nobody left to tell.
    try? errors.write(NameSpelling.original(text))
  }
}
