/// Something that a user should know about a data set, in one line.
///
/// The library prints nothing: who runs a job shows these.
public struct DatasetNote: Sendable, Equatable {
  /// How much a remark matters.
  public enum Severity: String, Sendable {
    /// Results may not mean what they seem to.
    case warning
    /// How something was read that could be read otherwise.
    case note
    /// What was passed over as usual.
    case detail
  }

  /// How much it matters.
  public let severity: Severity
  /// One line, lower case, without full stop; many things are given as their count and three examples.
  public let message: String

  /// A remark.
  package init(_ severity: Severity, _ message: String) {
    (self.severity, self.message) = (severity, message)
  }

  /// Up to three things in quotes, and dots where there are more.
  static func examples(_ names: [String]) -> String {
    list(names.map { "'\($0)'" })
  }

  /// Up to three things, and dots where there are more.
  static func list(_ things: [String]) -> String {
    things.prefix(3).joined(separator: ", ") + (things.count > 3 ? ", …" : "")
  }

  /// `1 image`, `2 images`.
  static func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
  }
}
