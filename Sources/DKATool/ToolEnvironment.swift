import Glibc

/// What the process knows of its surroundings; the only place that reads environment variables.
package struct ToolEnvironment: Sendable {
  package var isOutputTerminal = false
  package var isErrorTerminal = false
  /// True when the terminal cannot redraw a line.
  package var isDumb = false
  /// NO_COLOR is set to something (no-color.org).
  package var refusesColor = false
  /// The columns of the terminal, or COLUMNS.
  package var width: Int?

  package init() {}

  /// The surroundings of this process.
  package static var current: Self {
    var environment = Self()
    let (output, errors) = (FileDescriptor.standardOutput, FileDescriptor.standardError)
    environment.isOutputTerminal = output.isTerminal
    environment.isErrorTerminal = errors.isTerminal
    environment.isDumb = variable("TERM").map { $0 == "dumb" } ?? true
    environment.refusesColor = variable("NO_COLOR").map { !$0.isEmpty } ?? false
    environment.width =
      errors.terminalWidth ?? output.terminalWidth ?? variable("COLUMNS").flatMap { Int($0) }
    return environment
  }

  /// The console's settings before or after the command line was read.
  package func settings(
    level: Console.Level = .normal, wantsJSON: Bool = false, color: ColorChoice = .auto
  ) -> Console.Settings {
    var settings = Console.Settings()
    (settings.level, settings.wantsJSON, settings.isOutputTerminal) = (level, wantsJSON, isOutputTerminal)
    settings.isAnimated = isErrorTerminal && !isDumb && level != .quiet
    settings.isColored =
      switch color {
      case .auto: isErrorTerminal && !isDumb && !refusesColor
      case .always: true
      case .never: false
      }
    settings.width = min(max(width ?? 80, 20), 500)
    return settings
  }

  private static func variable(_ name: String) -> String? {
    // The text is copied at once; nothing in this process changes its environment.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
