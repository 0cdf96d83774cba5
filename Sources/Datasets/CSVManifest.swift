import Tensors

/// A CSV file that lists images with their classes.
///
/// Columns by name, in any order, others passed over: `file` (relative to the CSV, or absolute; `image` also), and either
/// `class` (a name) or `class_index` (the model's number, with the class's `name` beside it where given); optionally
/// `split` (train, validation, test).
public enum CSVManifest {
  /// Lists the images of a manifest.
  ///
  /// With `class`, classes are the names in the order of their bytes; with `class_index` there are as many classes as the
  /// largest index needs, or `classCount` where the model is known, and names are empty where no row gives one.
  /// - Throws: one error that names every bad row by its line (up to ten): missing files, labels outside the range.
  public static func read(_ path: String, classCount: Int? = nil) throws(DatasetError) -> LabelledImages {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch { throw .missing(path, error.reason) }
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    return try read(CSVTable(parsing: bytes, file: path), path, classCount: classCount)
  }

  /// The largest class number that is believed.
  private static let indexLimit = 1_000_000

  private static func read(
    _ table: CSVTable, _ path: String, classCount: Int?
  ) throws(DatasetError) -> LabelledImages {
    guard let fileColumn = table.column("file") ?? table.column("image") else {
      throw .badFile(
        path, "no column 'file'; found \(table.header.joined(separator: ", "))",
        hint: "the header is file,class[,split] or file,class_index[,name][,split]")
    }
    guard let labelColumn = table.column("class_index") ?? table.column("class") else {
      throw .badFile(
        path, "neither a column 'class' nor 'class_index'; found \(table.header.joined(separator: ", "))",
        hint: "the header is file,class[,split] or file,class_index[,name][,split]")
    }
    guard !table.rows.isEmpty else { throw .badFile(path, "no images listed") }
    let isNumbered = table.header[labelColumn] == "class_index"
    let nameColumn = isNumbered ? table.column("name") ?? table.column("class") : nil
    let splitColumn = table.column("split")
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""

    var problems: [String] = []
    var names = isNumbered ? [] : distinct(table.rows.map { $0.fields[labelColumn] })
    let positions = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    var rows: [(path: String, label: Int, split: Split?)] = []
    for row in table.rows {
      let file = row.fields[fileColumn]
      let full = file.hasPrefix("/") ? file : folder + file
      if file.isEmpty {
        problems.append("line \(row.line): no file name")
      } else if FolderListing.kind(of: full) != .file {
        problems.append("line \(row.line): '\(file)' does not exist")
      }
      let text = row.fields[labelColumn]
      var label = 0
      if isNumbered {
        let limit = classCount ?? indexLimit
        if let number = Int(text), (0..<limit).contains(number) {
          label = number
        } else {
          problems.append("line \(row.line): class_index '\(text)' is not a number within 0 … \(limit - 1)")
        }
        while names.count <= label { names.append("") }
        if let nameColumn, names[label].isEmpty { names[label] = row.fields[nameColumn] }
      } else if text.isEmpty {
        problems.append("line \(row.line): no class")
      } else {
        label = positions[text] ?? 0
      }
      var split: Split?
      if let splitColumn, !row.fields[splitColumn].isEmpty {
        split = Split(rawValue: row.fields[splitColumn].lowercased())
        if split == nil {
          problems.append(
            "line \(row.line): split '\(row.fields[splitColumn])' is not train, validation or test")
        }
      }
      rows.append((full, label, split))
    }
    try CSVTable.report(problems, in: path)
    if let classCount { while names.count < classCount { names.append("") } }
    let samples = rows.enumerated().map { index, row in
      Sample(path: row.path, label: row.label, split: row.split, index: index)
    }
    var images = LabelledImages(classes: names, samples: samples)
    images.labelsAreIndices = isNumbered
    return images
  }

  private static func distinct(_ names: [String]) -> [String] {
    let sorted = names.filter { !$0.isEmpty }.sorted(by: FolderListing.precedes)
    return sorted.enumerated().filter { $0.offset == 0 || sorted[$0.offset - 1] != $0.element }.map(\.element)
  }
}
