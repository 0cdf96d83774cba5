import Tensors

/// Comma-separated text as RFC 4180 defines it, with a header row.
///
/// CRLF, LF and CR end a row; a byte order mark and empty rows are passed over; a quoted field may hold commas, quotes
/// (doubled) and line ends.
struct CSVTable {
  /// One row after the header.
  struct Row: Equatable {
    /// Line in the file where the row starts, counted from 1.
    let line: Int
    /// As many fields as the header has.
    let fields: [String]
  }

  /// The column names, without surrounding blanks.
  let header: [String]
  /// The rows after the header.
  let rows: [Row]

  /// Reads a table.
  ///
  /// - Throws: an error that lists the bad rows with their line numbers.
  init(parsing bytes: [UInt8], file: String) throws(DatasetError) {
    var parser = Parser(bytes: bytes)
    var all: [Row] = []
    var problems: [String] = []
    while let row = parser.readRow(&problems) {
      if row.fields != [""] { all.append(row) }
    }
    guard let first = all.first else { throw .badFile(file, "the table is empty, expected a header row") }
    header = first.fields.map { String($0.drop { $0 == " " }) }
    rows = Array(all.dropFirst())
    for row in rows where row.fields.count != header.count {
      problems.append("line \(row.line) has \(row.fields.count) fields, the header has \(header.count)")
    }
    try CSVTable.report(problems, in: file)
  }

  /// Position of a column.
  func column(_ name: String) -> Int? { header.firstIndex(of: name) }

  /// Throws one error that lists the first problems and counts the rest.
  static func report(_ problems: [String], in file: String) throws(DatasetError) {
    guard !problems.isEmpty else { return }
    let shown = problems.prefix(10).joined(separator: "; ")
    let rest = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
    throw .badFile(file, shown + rest)
  }
}

private struct Parser {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next row, or nil at the end.
  mutating func readRow(_ problems: inout [String]) -> CSVTable.Row? {
    guard position < bytes.count else { return nil }
    let start = line
    var fields: [String] = []
    while true {
      fields.append(readField(&problems))
      guard position < bytes.count else { break }
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: ",") { continue }
      if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
      line += 1
      break
    }
    return CSVTable.Row(line: start, fields: fields)
  }

  /// A field up to a comma, a line end or the end, none of which it takes.
  private mutating func readField(_ problems: inout [String]) -> String {
    let start = line
    var content: [UInt8] = []
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      position += 1
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
    while position < bytes.count, ![0x2C, 0x0D, 0x0A].contains(bytes[position]) {
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
