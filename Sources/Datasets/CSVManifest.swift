import Tensors

/// A table that lists images with their classes: comma, semicolon or tab separated.
///
/// Columns by name, in any order and case, others passed over; where two could be meant, the first of this list:
/// - the file, relative to the table or absolute: `file`, else one of `image`, `path`, `filename`; `scan.dcm#12` is a frame of a file of
///   several images, `scan.dcm` alone stands for all that no other row names;
/// - the class: `class_index`, the model's number counted from 0, with a name in `name`, `class` or `label` beside it; else a name
///   in `class` or `label`;
/// - optionally the part: `split`, else `part` or `set`, with train, validation, test (in the spellings of `Split.init(named:)`) or
///   `unused`, in every row or in none;
/// - optionally `group`: images of one group stay in one part when parts are drawn, as the images of one file do; without the column
///   DICOM files of one patient are a group.
public enum CSVManifest {
  /// Lists the images of a manifest.
  ///
  /// With names, classes are the names in the order of their NFC bytes. With `class_index` there are `classCount` classes where the
  /// model is known, else those that occur; classes without a name are called by their number.
  /// - Parameters:
  ///   - root: where files are looked for that are not found from the table's own folder.
  ///   - classCount: the number of the model's classes.
  ///   - reading: how images are made of DICOM and NIfTI files.
  /// - Throws: one error that names every bad row by its line (up to ten): missing files, labels outside the range, rows without a
  ///   part among others that have one; an error for columns that are missing or of which two could be meant.
  public static func read(
    _ path: String, root: String? = nil, classCount: Int? = nil, reading: ImageReading = ImageReading()
  ) throws(DatasetError) -> LabelledImages {
    try read(path, root: root, classCount: classCount, reading: reading, by: .standard)
  }

  /// Lists the images of a manifest that are in these formats.
  package static func read(
    _ path: String, root: String? = nil, classCount: Int? = nil, reading: ImageReading = ImageReading(),
    by formats: ImageFormats
  ) throws(DatasetError) -> LabelledImages {
    let table = try CSVTable(parsing: try bytes(of: path), file: path)
    let columns = try ManifestColumns(of: table, file: path)
    guard !table.rows.isEmpty else { throw .badFile(path, "no images listed") }
    let folder = folder(of: path)
    let folders = [folder] + (root.map { [$0.isEmpty || $0.hasSuffix("/") ? $0 : $0 + "/"] } ?? [])

    var problems: [String] = []
    let labels = try ManifestLabels(table, columns, classCount: classCount, file: path, &problems)
    let files = files(of: table, column: columns.file, in: folders, &problems)
    let parts = parts(of: table, columns.part, &problems)
    try table.report(problems)

    var listed = ListedFiles(formats, reading)
    let frames = ManifestFrames(of: files, &listed)
    var samples: [Sample] = []
    var count = 0
    for (row, part) in parts.enumerated() {
      let group = columns.group.map { table.rows[row].fields[$0] } ?? frames.groups[row] ?? ""
      for frame in frames.byRow[row] {
        defer { count += 1 }
        guard part != .unused else { continue }
        samples.append(
          Sample(
            path: files[row].path, frame: frame, reading: reading, label: labels.labels[row],
            split: part.split, group: group.isEmpty ? nil : group, index: count))
      }
    }
    if columns.group != nil { try table.report(ManifestFrames.problems(in: samples)) }
    guard !samples.isEmpty else { throw .badFile(path, "all images are marked \(Split.unusedName)") }
    var images = LabelledImages(
      classes: labels.names, samples: samples, isNumbered: columns.index != nil)
    images.hasIntensities = listed.hasIntensities
    let unused = count - samples.count
    if unused > 0 {
      let count = DatasetNote.counted(unused, "image")
      images.notes.append(DatasetNote(.note, "\(count) marked \(Split.unusedName) left out"))
    }
    images.notes += images.remarksOnNames(root: folder)
    return images
  }

  /// The files that a table names and their parts, whether the files are there or not.
  package static func parts(inTable path: String) throws(DatasetError) -> [(file: String, split: Split?)] {
    let table = try CSVTable(parsing: try bytes(of: path), file: path)
    let columns =
      try table.hasMasks
      ? ManifestColumns(ofMasks: table, file: path) : ManifestColumns(of: table, file: path)
    var problems: [String] = []
    let parts = parts(of: table, columns.part, &problems)
    try table.report(problems)
    return zip(table.rows, parts).map { ($0.exactFields[columns.file], $1.split) }
  }

  static func bytes(of path: String) throws(DatasetError) -> [UInt8] {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch { throw .missing(path, error.reason) }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
  }

  /// The folder of a file, empty or ending in `/`.
  static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

  /// Whether a path is that of a table rather than of a folder.
  package static func isTable(_ path: String) -> Bool {
    let name = path.lowercased()
    return name.hasSuffix(".csv") || name.hasSuffix(".tsv") || FolderListing.kind(of: path) == .file
  }

  /// The files that a column names, and the frames of them.
  ///
  /// - Parameter noun: what they are, for messages.
  static func files(
    of table: CSVTable, column: Int, noun: String = "file name", in folders: [String],
    _ problems: inout [String]
  ) -> [(path: String, frame: Int?)] {
    var search = PathSearch(folders: folders)
    return table.rows.map { row in
      let (name, exact) = (row.fields[column], row.exactFields[column])
      if name.isEmpty {
        problems.append("line \(row.line): no \(noun)")
      } else if let path = search.file(name == exact ? [name] : [name, exact]) {
        return (path, nil)
      } else if let named = Sample.frame(in: name), let path = search.file([named.file]) {
        return (path, named.frame)
      } else {
        problems.append("line \(row.line): '\(name)' does not exist")
      }
      return (name, nil)
    }
  }

  /// What a row says of the part that its image belongs to.
  enum Part: Equatable {
    case none, unused
    case split(Split)

    var split: Split? { if case .split(let split) = self { split } else { nil } }
  }

  /// The part of each row, of the column that names it.
  static func parts(of table: CSVTable, _ column: Int?, _ problems: inout [String]) -> [Part] {
    guard let column else { return table.rows.map { _ in .none } }
    let parts = table.rows.map { row in
      let text = row.fields[column]
      if text.isEmpty { return Part.none }
      if text.lowercased() == Split.unusedName { return .unused }
      if let split = Split(named: text) { return .split(split) }
      problems.append(
        "line \(row.line): \(table.header[column]) '\(text)' is not train, validation, test or \(Split.unusedName)"
      )
      return .unused
    }
    let empty = table.rows.indices.filter { parts[$0] == .none }
    if !empty.isEmpty, empty.count < parts.count {
      let lines = DatasetNote.list(empty.map { String(table.rows[$0].line) })
      problems.append(
        "\(empty.count) of \(parts.count) rows have no part in column '\(table.header[column])' "
          + "(\(empty.count == 1 ? "line" : "lines") \(lines)); the others have one")
    }
    return parts
  }
}
