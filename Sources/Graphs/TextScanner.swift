/// Splits ONNX text into its smallest pieces.
struct TextScanner {
  /// A number as it stands in the text.
  enum Number {
    case int(Int64)
    case float(Double)
  }
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// Whether only space and comments are left.
  mutating func isAtEnd() -> Bool {
    skipSpace()
    return position == bytes.count
  }

  /// Whether the next character is this one; does not consume it.
  mutating func sees(_ character: Character) -> Bool {
    skipSpace()
    return position < bytes.count && bytes[position] == character.asciiValue
  }

  /// Consumes the character if it is next.
  mutating func accepts(_ character: Character) -> Bool {
    guard sees(character) else { return false }
    position += 1
    return true
  }

  /// Consumes a character that must be next.
  mutating func expect(_ character: Character) throws(GraphError) {
    guard accepts(character) else { throw fault("'\(character)'") }
  }

  /// Whether a name follows, bare or quoted.
  mutating func seesName() -> Bool {
    skipSpace()
    return position < bytes.count
      && (TextScanner.isLetter(bytes[position]) || bytes[position] == UInt8(ascii: "\""))
  }

  /// A name, bare or quoted, in the spelling of `NameSpelling`; the empty one is `""`.
  mutating func name() throws(GraphError) -> String { NameSpelling.name(try text()) }

  /// A text for people, which is written like a name.
  mutating func text() throws(GraphError) -> String {
    if sees("\"") { return String(decoding: try quotedBytes(), as: UTF8.self) }
    guard let word = word() else { throw fault("a name") }
    return word
  }

  /// A bare word, or nil where none follows.
  mutating func word() -> String? {
    skipSpace()
    guard position < bytes.count, TextScanner.isLetter(bytes[position]) else { return nil }
    let start = position
    while position < bytes.count,
      TextScanner.isLetter(bytes[position]) || TextScanner.isDigit(bytes[position])
    { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// Runs a parse that may fail to match; on nil the position is as before.
  mutating func attempt<Result>(
    _ body: (inout TextScanner) throws(GraphError) -> Result?
  ) throws(GraphError) -> Result? {
    let start = position
    guard let result = try body(&self) else {
      position = start
      return nil
    }
    return result
  }

  /// The content of a quoted text; a backslash stands before any character that is meant as it is.
  mutating func quotedBytes() throws(GraphError) -> [UInt8] {
    try expect("\"")
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return content }
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      content.append(bytes[position])
      position += 1
    }
    throw fault("a closing quote")
  }

  /// Whether a number follows.
  mutating func seesNumber() -> Bool {
    skipSpace()
    guard position < bytes.count else { return false }
    let byte = bytes[position]
    if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || TextScanner.isDigit(byte) { return true }
    var copy = self
    let word = copy.word()
    return word == "inf" || word == "nan"
  }

  /// A number; with a point or an exponent it is a float.
  mutating func number() throws(GraphError) -> Number {
    skipSpace()
    let start = position
    var isFloat = false
    while position < bytes.count {
      let byte = bytes[position]
      let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
      let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
      guard TextScanner.isDigit(byte) || TextScanner.isLetter(byte) || byte == UInt8(ascii: ".") || isSign
      else {
        break
      }
      if isSign, position > start, bytes[position - 1] | 0x20 != UInt8(ascii: "e") { break }
      if isExponent || byte == UInt8(ascii: ".") || TextScanner.isLetter(byte) { isFloat = true }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if !isFloat, let value = Int64(text) { return .int(value) }
    if !isFloat, let value = UInt64(text) { return .int(Int64(bitPattern: value)) }
    guard let value = Double(text) else {
      position = start
      throw fault("a number")
    }
    return .float(value)
  }

  /// An integer.
  mutating func integer() throws(GraphError) -> Int64 {
    let start = position
    guard case .int(let value) = try number() else {
      position = start
      throw fault("an integer")
    }
    return value
  }

  /// An error that says what was expected here.
  func fault(_ expected: String) -> GraphError {
    let before = bytes[..<min(position, bytes.count)]
    let line = before.filter { $0 == UInt8(ascii: "\n") }.count + 1
    let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
    let rest = String(decoding: bytes[before.count...].prefix(20), as: UTF8.self)
    let found = rest.isEmpty ? "the end" : "'\(rest)'"
    return GraphError("line \(line), column \(column): expected \(expected), found \(found)")
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      } else if bytes[position] <= 0x20 {
        position += 1
      } else {
        return
      }
    }
  }
}
