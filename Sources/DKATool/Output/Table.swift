/// Rows of text in aligned columns.
package struct Table {
  /// Where the text of a column stands.
  package enum Alignment: Sendable { case left, right }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table with a title per column; numbers belong to the right.
  package init(_ columns: [(title: String, alignment: Alignment)]) {
    titles = columns.map { PrintableText.line($0.title) }
    alignments = columns.map(\.alignment)
  }

  /// Adds a row with one cell per column.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == titles.count, "a row has as many cells as the table has columns")
    rows.append(cells.map(PrintableText.line))
  }

  /// The lines, the titles first unless all are empty; two spaces between columns, none at the ends of lines.
  package var text: String {
    let all = (titles.allSatisfy(\.isEmpty) ? [] : [titles]) + rows
    let widths = titles.indices.map { column in all.map { TextLayout.width($0[column]) }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += column == 0 ? "" : "  "
        line +=
          alignments[column] == .left
          ? TextLayout.padded(cell, to: widths[column]) : TextLayout.rightAligned(cell, to: widths[column])
      }
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
