import Tensors

/// Separated text as RFC 4180 defines it, with a header row.
///
/// The separator is the comma, semicolon or tab that occurs most often in the header, or what a first line `sep=;` says. CRLF, LF
/// and CR end a row; a byte order mark and empty rows are passed over; a quoted field may hold separators, quotes (doubled) and
/// line ends. UTF-8, and UTF-16 with a byte order mark.
package struct CSVTable {
  /// One row after the header.
  struct Row: Equatable {
    /// Line in the file where the row starts, counted from 1.
    let line: Int
    /// As many fields as the header has, without surrounding blanks.
    let fields: [String]
    /// The same with blanks, for names of files that have some.
    let exactFields: [String]
  }

  /// The column names as they stand, without surrounding blanks.
  let header: [String]
  /// The rows after the header.
  let rows: [Row]
  private let file: String

  /// Reads a table.
  ///
  /// - Throws: an error that lists the bad rows with their line numbers.
  init(parsing bytes: [UInt8], file: String) throws(DatasetError) {
    self.file = file
    var parser = CSVParser(try CSVTable.text(bytes, file: file))
    var problems: [String] = []
    var all: [Row] = []
    while let row = parser.readRow(&problems) {
      let fields = row.fields.map(ClassName.trimmed)
      guard !fields.allSatisfy(\.isEmpty) else { continue }
      all.append(Row(line: row.line, fields: fields, exactFields: row.fields))
    }
    guard let first = all.first else { throw .badFile(file, "the table is empty, expected a header row") }
    header = first.fields
    let width = header.count
    rows = all.dropFirst().map { row in
      // Spreadsheets end rows with empty fields.
      guard row.fields.count > width, row.fields[width...].allSatisfy(\.isEmpty) else { return row }
      return Row(
        line: row.line, fields: Array(row.fields[..<width]), exactFields: Array(row.exactFields[..<width]))
    }
    for row in rows where row.fields.count != width {
      problems.append("line \(row.line) has \(row.fields.count) fields, the header has \(width)")
    }
    let isForeign = problems.contains { $0.hasSuffix("is not UTF-8") }
    try report(problems, hint: isForeign ? "save the table as UTF-8" : nil)
  }

  /// Position of the column for something, or nil.
  ///
  /// Capitals count for nothing, and blanks and hyphens stand for underscores. The first name wins over the others, of which only
  /// one may stand in the header.
  /// - Throws: where two columns could be meant.
  func column(_ names: String...) throws(DatasetError) -> Int? {
    let keys = header.map { title in
      String(title.lowercased().map { " -".contains($0) ? "_" : $0 })
    }
    for choices in [names.prefix(1), names.dropFirst()] {
      let found = header.indices.filter { choices.contains(keys[$0]) }
      guard found.count < 2 else {
        throw .badFile(
          file,
          "the columns \(found.map { "'\(header[$0])'" }.joined(separator: " and ")) could both be meant",
          hint: "name the one that is meant '\(names[0])' and the other differently")
      }
      if let position = found.first { return position }
    }
    return nil
  }

  /// Whether it lists masks.
  var hasMasks: Bool { header.contains { $0.lowercased() == "mask" } }

  /// Throws one error that lists the first problems and counts the rest.
  func report(_ problems: [String], hint: String? = nil) throws(DatasetError) {
    guard !problems.isEmpty else { return }
    let shown = problems.prefix(10).joined(separator: "; ")
    let rest = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
    throw .badFile(file, shown + rest, hint: hint)
  }

  /// The bytes as UTF-8 without a byte order mark.
  static func text(_ bytes: [UInt8], file: String) throws(DatasetError) -> [UInt8] {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
    let isLittle = bytes.starts(with: [0xFF, 0xFE])
    guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else {
      guard !bytes.contains(0) else {
        throw .badFile(
          file, "the file holds zero bytes, so it is no table in UTF-8",
          hint: "save it as UTF-8, or as UTF-16 with a byte order mark")
      }
      return bytes
    }
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map { position in
      let (low, high) = isLittle ? (position, position + 1) : (position + 1, position)
      return UInt16(bytes[high]) << 8 | UInt16(bytes[low])
    }
    guard bytes.count.isMultiple(of: 2), !units.contains(0),
      let text = String(validating: units, as: UTF16.self)
    else { throw .badFile(file, "damaged UTF-16", hint: "save it as UTF-8") }
    return Array(text.utf8)
  }

  /// Rows in the form that `init(parsing:file:)` reads: fields in quotes where their content needs it, lines ended by LF.
  package static func text(_ rows: [[String]]) -> String {
    rows.map { row in
      row.map { field in
        let needsQuotes =
          field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) } || field != ClassName.trimmed(field)
        return needsQuotes
          ? "\"" + field.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\"" : field
      }.joined(separator: ",") + "\n"
    }.joined()
  }
}
