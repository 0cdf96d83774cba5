/// The classes of a table and the class of each row.
struct ManifestLabels {
  /// Names by class.
  private(set) var names: [String] = []
  /// The class of each row.
  private(set) var labels: [Int] = []

  /// The largest class number that is believed.
  private static let indexLimit = 1_000_000

  /// Reads the labels; what is wrong with a row is added to `problems`.
  ///
  /// - Throws: where numbers leave out classes, and it is not known how many there are.
  init(
    _ table: CSVTable, _ columns: ManifestColumns, classCount: Int?, file: String, _ problems: inout [String]
  ) throws(DatasetError) {
    if let index = columns.index {
      readNumbers(table, index, columns.name, classCount: classCount, &problems)
      if let classCount, names.count < classCount {
        names += Array(repeating: "", count: classCount - names.count)
      } else if problems.isEmpty, classCount == nil {
        try requireAllNumbers(file: file)
      }
      names = names.enumerated().map { $1.isEmpty ? String($0) : $1 }
    } else if let name = columns.name {
      readNames(table, name, &problems)
    }
  }

  private mutating func readNames(_ table: CSVTable, _ column: Int, _ problems: inout [String]) {
    names = ClassName.distinct(table.rows.map { $0.fields[column] })
    let positions = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    for row in table.rows {
      let label = positions[row.fields[column]]
      if label == nil { problems.append("line \(row.line): no class") }
      labels.append(label ?? 0)
    }
  }

  private mutating func readNumbers(
    _ table: CSVTable, _ column: Int, _ nameColumn: Int?, classCount: Int?, _ problems: inout [String]
  ) {
    let limit = classCount ?? Self.indexLimit
    for row in table.rows {
      let text = row.fields[column]
      guard let label = Int(text), (0..<limit).contains(label) else {
        let origin = Int(text) == limit ? ", counted from 0" : ""
        problems.append(
          "line \(row.line): class_index '\(text)' is not a number within 0 … \(limit - 1)\(origin)")
        continue
      }
      labels.append(label)
      if names.count <= label { names += Array(repeating: "", count: label + 1 - names.count) }
      guard let nameColumn, !row.fields[nameColumn].isEmpty else { continue }
      let name = row.fields[nameColumn]
      if names[label].isEmpty { names[label] = name }
      if names[label] != name {
        problems.append(
          "line \(row.line): class_index \(label) is named '\(name)', and '\(names[label])' further up")
      }
    }
  }

  private func requireAllNumbers(file: String) throws(DatasetError) {
    var occurs = [Bool](repeating: false, count: names.count)
    for label in labels { occurs[label] = true }
    let missing = occurs.indices.filter { !occurs[$0] }
    guard !missing.isEmpty else { return }
    let shown = DatasetNote.list(missing.map(String.init))
    throw .badFile(
      file,
      "class_index \(shown) \(missing.count == 1 ? "never occurs" : "never occur"), the largest is \(names.count - 1); "
        + "counting starts at 0",
      hint: "number the classes from 0 without gaps, or name them in a column 'class'")
  }
}
