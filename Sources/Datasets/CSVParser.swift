/// Takes separated text apart into rows of fields.
struct CSVParser {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var separator = UInt8(ascii: ",")

  /// A parser of UTF-8 without a byte order mark; the separator is told by the first line.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    let declaration = Array("sep=".utf8)
    if bytes.starts(with: declaration), bytes.count > 4, bytes.count == 5 || [0x0A, 0x0D].contains(bytes[5]) {
      separator = bytes[4]
      position = 5
      endLine()
      return
    }
    var counts = [0, 0, 0]
    var isQuoted = false
    let first = bytes.drop { [0x0A, 0x0D].contains($0) }
    for byte in first {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      guard !isQuoted else { continue }
      if byte == 0x0A || byte == 0x0D { break }
      if let known = CSVParser.separators.firstIndex(of: byte) { counts[known] += 1 }
    }
    if let most = counts.max(), let winner = counts.firstIndex(of: most) {
      separator = CSVParser.separators[winner]
    }
  }

  /// In the order in which they win when they are equally frequent.
  private static let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

  /// The next row with the line where it starts, or nil at the end; what is wrong with it is added to `problems`.
  mutating func readRow(_ problems: inout [String]) -> (line: Int, fields: [String])? {
    guard position < bytes.count else { return nil }
    let start = line
    var fields: [String] = []
    while true {
      fields.append(readField(&problems))
      guard position < bytes.count else { break }
      guard bytes[position] != separator else {
        position += 1
        continue
      }
      endLine()
      break
    }
    return (start, fields)
  }

  /// Takes a line end.
  private mutating func endLine() {
    guard position < bytes.count else { return }
    let byte = bytes[position]
    position += 1
    if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
    line += 1
  }

  /// A field up to a separator, a line end or the end, none of which it takes.
  private mutating func readField(_ problems: inout [String]) -> String {
    let start = line
    var content: [UInt8] = []
    var opening = position
    while opening < bytes.count, bytes[opening] == UInt8(ascii: " ") { opening += 1 }
    if opening < bytes.count, bytes[opening] == UInt8(ascii: "\"") {
      position = opening + 1
      var isClosed = false
      while position < bytes.count, !isClosed {
        let byte = bytes[position]
        position += 1
        if byte != UInt8(ascii: "\"") {
          if byte == 0x0A { line += 1 }
          content.append(byte)
        } else if position < bytes.count, bytes[position] == byte {
          position += 1
          content.append(byte)
        } else {
          isClosed = true
        }
      }
      if !isClosed { problems.append("line \(start) opens a quote that is never closed") }
    }
    while position < bytes.count, bytes[position] != separator, ![0x0D, 0x0A].contains(bytes[position]) {
      content.append(bytes[position])
      position += 1
    }
    guard let text = String(validating: content, as: UTF8.self) else {
      problems.append("line \(start) is not UTF-8")
      return ""
    }
    return text
  }
}
