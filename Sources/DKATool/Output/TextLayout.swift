/// Lines, widths and padding of text in a terminal.
package enum TextLayout {
  /// Columns that a text takes: East Asian wide characters and emoji take two, colour codes none.
  package static func width(_ text: String) -> Int {
    var width = 0
    var isInEscape = false
    for character in text {
      if isInEscape {
        isInEscape = character != "m"
      } else if character == "\u{1B}" {
        isInEscape = true
      } else {
        width += isWide(character) ? 2 : 1
      }
    }
    return width
  }

  private static func isWide(_ character: Character) -> Bool {
    guard let scalar = character.unicodeScalars.first else { return false }
    return switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }

  /// The text with spaces behind it up to a width.
  package static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - self.width(text)))
  }

  /// The text with spaces before it up to a width.
  package static func rightAligned(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - self.width(text))) + text
  }

  /// As much of the text as fits into a width.
  package static func cut(_ text: String, to width: Int) -> String {
    guard self.width(text) > width else { return text }
    var result = ""
    var used = 0
    for character in text {
      used += isWide(character) ? 2 : 1
      if used > width { break }
      result.append(character)
    }
    return result
  }

  /// The words of a text in lines that are at most `width` wide; a longer word has a line of its own.
  ///
  /// An empty line parts paragraphs; a single line break is a space, as in the source of a long text.
  package static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for sourceLine in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let words = sourceLine.split(separator: " ")
      if words.isEmpty {
        lines += [line, ""]
        line = ""
      }
      for word in words {
        if line.isEmpty {
          line = String(word)
        } else if self.width(line) + 1 + self.width(String(word)) <= width {
          line += " " + word
        } else {
          lines.append(line)
          line = String(word)
        }
      }
    }
    lines.append(line)
    return lines
  }
}
