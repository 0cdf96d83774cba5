/// A table of images and their masks: comma, semicolon or tab separated.
///
/// Columns by name, in any order and case: the image, `file`, else one of `image`, `path`, `filename`; `mask`; optionally the part
/// (`split`, else `part` or `set`), `group`, and `mask_class`, the class that everything but 0 in the mask stands for. Files are
/// relative to the table or absolute; `#12` behind a name is a frame. An image with several masks has a row for each.
package enum MaskManifest {
  static func read(_ path: String, _ wanted: MaskList.Wanted, threads: Int) throws(DatasetError)
    -> LabelledImages
  {
    let table = try CSVTable(parsing: try CSVManifest.bytes(of: path), file: path)
    let columns = try ManifestColumns(ofMasks: table, file: path)
    guard !table.rows.isEmpty else { throw .badFile(path, "no images listed") }
    var problems: [String] = []
    let folders = [CSVManifest.folder(of: path)]
    let images = CSVManifest.files(of: table, column: columns.file, in: folders, &problems)
    let masks = CSVManifest.files(
      of: table, column: columns.mask ?? columns.file, noun: "mask", in: folders, &problems)
    let parts = CSVManifest.parts(of: table, columns.part, &problems)
    try table.report(problems)

    var list = MaskList(source: path)
    var positions: [[UInt8]: Int] = [:]
    var unused = 0
    for (row, part) in parts.enumerated() {
      guard part != .unused else {
        unused += 1
        continue
      }
      let group = columns.group.map { table.rows[row].fields[$0] } ?? ""
      let name = columns.maskClass.map { table.rows[row].fields[$0] } ?? ""
      let mask = MaskList.Entry(
        path: masks[row].path, frame: masks[row].frame, className: name.isEmpty ? nil : name)
      let (path, frame) = images[row]
      let key = [UInt8]("\(path)#\(frame.map(String.init) ?? "")".utf8)
      guard let position = positions[key] else {
        positions[key] = list.items.count
        list.items.append(
          MaskList.Item(
            path: path, frame: frame, masks: [mask], split: part.split, group: group.isEmpty ? nil : group))
        continue
      }
      let known = list.items[position]
      if known.split != part.split || known.group ?? "" != group {
        problems.append("line \(table.rows[row].line): '\(path)' has another part or group further up")
      }
      list.items[position].masks.append(mask)
    }
    try table.report(problems)
    guard !list.items.isEmpty else { throw .badFile(path, "all images are marked \(Split.unusedName)") }
    var result = try list.images(wanted, threads: threads)
    if columns.group != nil { try table.report(ManifestFrames.problems(in: result.samples)) }
    if unused > 0 {
      let rows = DatasetNote.counted(unused, "row")
      result.notes.append(DatasetNote(.note, "\(rows) marked \(Split.unusedName) left out"))
    }
    return result
  }
}

extension LabelledImages {
  /// Images with masks of a folder or of a table that lists them.
  ///
  /// - Parameters:
  ///   - classes: what the values of masks mean, nil for what the training masks hold.
  ///   - isOfModel: whether a model says so, so that masks of a background and one other class may use another value for that one.
  package static func masked(
    at path: String, classes: MaskClasses?, isOfModel: Bool = false, threads: Int
  ) throws(DatasetError) -> LabelledImages {
    let wanted: MaskList.Wanted = classes.map { isOfModel ? .model($0) : .given($0) } ?? .found
    return CSVManifest.isTable(path)
      ? try MaskManifest.read(path, wanted, threads: threads)
      : try MaskFolder.read(path, wanted, threads: threads)
  }
}
