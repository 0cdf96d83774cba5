/// Text as a terminal may get it: nothing in a name out of a file acts on the terminal.
///
/// Control characters (C0, DEL, C1), those that turn the direction of text, and line separators are shown as `\u{1b}`.
package enum PrintableText {
  /// Lines that a text about one file may have; a person reads no more of them.
  package static let lineLimit = 200

  /// A text in one line.
  package static func line(_ text: String) -> String { escaped(text, keeping: []) }

  /// A text whose line breaks and tabs are those of its layout.
  package static func block(_ text: String) -> String { escaped(text, keeping: ["\n", "\t"]) }

  /// Lines, with a count in place of those beyond the limit.
  package static func shortened(_ lines: [String]) -> [String] {
    guard lines.count > lineLimit else { return lines }
    return lines.prefix(lineLimit) + ["and \(Quantities.count(lines.count - lineLimit)) more"]
  }

  private static func escaped(_ text: String, keeping kept: [Unicode.Scalar]) -> String {
    func isShown(_ scalar: Unicode.Scalar) -> Bool { !isActive(scalar) || kept.contains(scalar) }
    guard !text.unicodeScalars.allSatisfy(isShown) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isShown(scalar) {
        result.append(scalar)
      } else {
        result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      }
    }
    return String(result)
  }

  private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
