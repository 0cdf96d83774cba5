extension JSONValue {
  /// What a reader accepts before it refuses a text as absurd.
  package struct Limits: Sendable {
    /// Arrays and objects inside each other; reading recurses, so this bounds the stack.
    package var depth: Int
    /// The text's length in bytes.
    package var bytes: Int

    package init(depth: Int = 64, bytes: Int = 64 << 20) {
      (self.depth, self.bytes) = (depth, bytes)
    }
  }

  /// Reads JSON as RFC 8259 defines it, strictly: UTF-8 without byte order mark, no comments, no trailing commas,
  /// every key once, every escaped surrogate in its pair, numbers within Double's range.
  package init(parsing bytes: [UInt8], file: String? = nil, limits: Limits = Limits()) throws(JSONError) {
    var reader = JSONReader(bytes: bytes, file: file, limits: limits)
    self = try reader.readDocument()
  }

  /// Reads JSON text; see `init(parsing:file:limits:)`.
  package init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }
}

private struct JSONReader {
  private let bytes: [UInt8]
  private let file: String?
  private let limits: JSONValue.Limits
  private var position = 0

  init(bytes: [UInt8], file: String?, limits: JSONValue.Limits) {
    (self.bytes, self.file, self.limits) = (bytes, file, limits)
  }

  mutating func readDocument() throws(JSONError) -> JSONValue {
    guard bytes.count <= limits.bytes else {
      throw failure("\(bytes.count) bytes are more than the \(limits.bytes) accepted here")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw failure("a byte order mark stands before the JSON text; save the file as UTF-8 without it")
    }
    let value = try readValue(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("expected the end, found \(found)") }
    return value
  }

  private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return .object(try readObject(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try readArray(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try readString())
    case let byte where byte == UInt8(ascii: "-") || isDigit(byte): return try readNumber()
    default:
      if readWord("true") { return .bool(true) }
      if readWord("false") { return .bool(false) }
      if readWord("null") { return .null }
      throw failure("expected a value, found \(found)")
    }
  }

  private mutating func readArray(depth: Int) throws(JSONError) -> [JSONValue] {
    try enter(depth)
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return elements }
    while true {
      elements.append(try readValue(depth: depth))
      skipSpace()
      if take("]") { return elements }
      guard take(",") else { throw failure("expected ',' or ']' after an element, found \(found)") }
    }
  }

  private mutating func readObject(depth: Int) throws(JSONError) -> JSONObject {
    try enter(depth)
    var object = JSONObject()
    skipSpace()
    if take("}") { return object }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("expected a key in quotes, found \(found)") }
      let start = position
      let key = try readString()
      guard object[key] == nil else { throw failure("the key \(quoted(key)) occurs twice", at: start) }
      skipSpace()
      guard take(":") else { throw failure("expected ':' after the key \(quoted(key)), found \(found)") }
      object[key] = try readValue(depth: depth)
      skipSpace()
      if take("}") { return object }
      guard take(",") else { throw failure("expected ',' or '}' after a member, found \(found)") }
    }
  }

  private mutating func enter(_ depth: Int) throws(JSONError) {
    guard depth <= limits.depth else { throw failure("nested deeper than \(limits.depth) levels") }
    position += 1
  }
}

extension JSONReader {
  private mutating func readNumber() throws(JSONError) -> JSONValue {
    let start = position
    _ = take("-")
    if take("0") {
      if isDigit(next) { throw failure("a number does not start with a superfluous 0", at: start) }
    } else {
      try readDigits()
    }
    var isWhole = true
    if take(".") {
      isWhole = false
      try readDigits()
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try readDigits()
    }
    guard position - start <= 1000 else { throw failure("a number of \(position - start) digits", at: start) }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, text != "-0", let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw failure("the number \(quoted(text)) is out of range", at: start)
    }
    return .number(value)
  }

  private mutating func readDigits() throws(JSONError) {
    guard isDigit(next) else { throw failure("expected a digit, found \(found)") }
    while isDigit(next) { position += 1 }
  }

  private func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension JSONReader {
  private mutating func readString() throws(JSONError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while true {
      guard let byte = next else { throw failure("the string that starts here has no end", at: start) }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: content, as: UTF8.self) else {
          throw failure("the string that starts here is not valid UTF-8", at: start)
        }
        return string
      case UInt8(ascii: "\\"): content += try readEscape().utf8
      case 0..<0x20: throw failure("a control character in a string must be escaped, found \(found)")
      default:
        content.append(byte)
        position += 1
      }
    }
  }

  private mutating func readEscape() throws(JSONError) -> String {
    let start = position
    position += 1
    guard let byte = next else { throw failure("the text ends within an escape", at: start) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try readUnicodeEscape(from: start)
    default: throw failure("unknown escape", at: start)
    }
  }

  private mutating func readUnicodeEscape(from start: Int) throws(JSONError) -> String {
    var units = [try readCodeUnit(from: start)]
    if UTF16.isLeadSurrogate(units[0]) {
      guard take("\\"), take("u") else { throw failure("half of a surrogate pair", at: start) }
      units.append(try readCodeUnit(from: start))
    }
    guard let string = String(validating: units, as: UTF16.self) else {
      throw failure("half of a surrogate pair", at: start)
    }
    return string
  }

  private mutating func readCodeUnit(from start: Int) throws(JSONError) -> UInt16 {
    guard position + 4 <= bytes.count,
      bytes[position..<position + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else {
      throw failure("expected four hexadecimal digits after \\u", at: start)
    }
    position += 4
    return unit
  }
}

extension JSONReader {
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ scalar: UnicodeScalar) -> Bool {
    guard next == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func readWord(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private var found: String {
    guard let next else { return "the end of the text" }
    return (0x21..<0x7F).contains(next) ? "'\(UnicodeScalar(next))'" : "byte 0x" + String(next, radix: 16)
  }

  private func quoted(_ text: String) -> String {
    "'" + (text.count > 40 ? text.prefix(40) + "…" : text) + "'"
  }

  private func failure(_ reason: String, at place: Int? = nil) -> JSONError {
    let before = bytes[..<(place ?? position)]
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(reason: reason, line: line, column: before.count - lineStart + 1, file: file)
  }
}
