extension JSONValue {
  /// JSON text: in one line, or with two spaces of indentation per level.
  ///
  /// Numbers are the shortest that read back as the same Double; NaN and infinities become `null`. Non-ASCII text is
  /// written as it is, in UTF-8, but for what acts on a terminal: control characters, line separators, turns of direction.
  package func text(indented: Bool = false) -> String {
    var writer = JSONWriter(isIndented: indented)
    writer.write(self, level: 0)
    return writer.text
  }
}

private struct JSONWriter {
  let isIndented: Bool
  var text = ""

  init(isIndented: Bool) { self.isIndented = isIndented }

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): write(value)
    case .array(let elements):
      // Short rows of plain values, such as shapes, stay in one line.
      let isRow = elements.count <= 16 && elements.allSatisfy(\.isScalar)
      writeSequence("[", elements, "]", level: level, inRow: isRow) { $0.write($1, level: level + 1) }
    case .object(let object):
      writeSequence("{", object.members, "}", level: level, inRow: false) {
        $0.write($1.key)
        $0.text += $0.isIndented ? ": " : ":"
        $0.write($1.value, level: level + 1)
      }
    }
  }

  private mutating func writeSequence<Element>(
    _ opening: String, _ elements: [Element], _ closing: String, level: Int, inRow isRow: Bool,
    _ body: (inout JSONWriter, Element) -> Void
  ) {
    text += opening
    for (index, element) in elements.enumerated() {
      if index > 0 { text += isRow && isIndented ? ", " : "," }
      if !isRow { breakLine(level + 1) }
      body(&self, element)
    }
    if !isRow, !elements.isEmpty { breakLine(level) }
    text += closing
  }

  private mutating func breakLine(_ level: Int) {
    guard isIndented else { return }
    text += "\n"
    for _ in 0..<level { text += "  " }
  }

  private mutating func write(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSONValue {
  fileprivate var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
