/// A table of images and their masks: comma, semicolon or tab separated.
///
/// Columns by name, in any order and case: the image, `file`, else one of `image`, `path`, `filename`; `mask`; optionally the part
/// (`split`, else `part` or `set`), `group`, and `mask_class`, the class that everything but 0 in the mask stands for. Files are
/// relative to the table or absolute; `#12` behind a name is a frame, a name alone all frames that no row names. An image with several masks has a row for each. Files of several
/// images go with their masks frame by frame, DICOM segmentations with the images that they refer to; without a column `group` DICOM files
/// of one patient are a group.
package enum MaskManifest {
  static func read(
    _ path: String, _ wanted: MaskList.Wanted, _ reading: ImageReading, threads: Int, _ watch: ReadingWatch
  ) throws(DatasetError) -> LabelledImages {
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

    var listed = ListedFiles(.standard, reading)
    var list = MaskList(source: path, reading)
    var named: [NamedImage] = []
    var positions: [[UInt8]: Int] = [:]
    var unused = 0
    for (row, part) in parts.enumerated() {
      guard part != .unused else {
        unused += 1
        continue
      }
      let group = columns.group.map { table.rows[row].fields[$0] } ?? ""
      let name = columns.maskClass.map { table.rows[row].fields[$0] } ?? ""
      let mask = MaskList.NamedMask(
        path: masks[row].path, frame: masks[row].frame, className: name.isEmpty ? nil : name)
      let (path, frame) = images[row]
      let key = [UInt8]("\(path)#\(frame.map(String.init) ?? "")".utf8)
      guard let position = positions[key] else {
        positions[key] = named.count
        named.append(
          NamedImage(
            path: path, frame: frame, masks: [mask], split: part.split,
            group: columns.group == nil ? nil : .some(group.isEmpty ? nil : group)))
        continue
      }
      let known = named[position]
      if known.split != part.split || (known.group ?? nil) ?? "" != group {
        problems.append("line \(table.rows[row].line): '\(path)' has another part or group further up")
      }
      named[position].masks.append(mask)
    }
    try table.report(problems)
    var failures: [DatasetError] = []
    let frames = ManifestFrames.named(in: named.map { ($0.path, $0.frame) })
    for image in named {
      list.add(
        image.path, frame: image.frame, except: frames[[UInt8](image.path.utf8)] ?? [], masks: image.masks,
        split: image.split, group: image.group, &listed,
        &failures)
    }
    if let error = DatasetError.joined(
      failures, "\(failures.count) masks of '\(path)' do not fit their images")
    {
      throw error
    }
    guard !list.items.isEmpty else { throw .badFile(path, "all images are marked \(Split.unusedName)") }
    var result = try list.images(wanted, threads: threads, watch)
    result.hasIntensities = listed.hasIntensities
    if columns.group != nil { try table.report(ManifestFrames.problems(in: result.samples)) }
    if unused > 0 {
      let rows = DatasetNote.counted(unused, "row")
      result.notes.append(DatasetNote(.note, "\(rows) marked \(Split.unusedName) left out"))
    }
    return result
  }

  /// An image with the masks of its rows.
  private struct NamedImage {
    let path: String
    let frame: Int?
    var masks: [MaskList.NamedMask]
    let split: Split?
    /// What the column says; nil where there is none.
    let group: String??
  }
}

extension LabelledImages {
  /// Images with masks: of a folder `DIR/{train,test}/{images,masks}` or `DIR/{images,masks}`, or of a table with the columns `image` and
  /// `mask`.
  ///
  /// - Parameters:
  ///   - classes: what the values of masks mean, nil for what the training masks hold.
  ///   - reading: how images are made of DICOM and NIfTI files.
  ///   - threads: masks that are read at a time.
  /// - Throws: for images without masks and the reverse, masks that cannot be read, all of them at once, and values that mean nothing.
  public static func masked(
    at path: String, classes: MaskClasses? = nil, reading: ImageReading = ImageReading(), threads: Int = 4
  ) throws(DatasetError) -> LabelledImages {
    try masked(at: path, classes: classes, reading: reading, threads: threads) { _, _ in false }
  }

  /// Images with masks of a folder or of a table that lists them.
  ///
  /// - Parameters:
  ///   - classes: what the values of masks mean, nil for what the training masks hold.
  ///   - isOfModel: whether a model says so, so that masks of a background and one other class may use another value for that one.
  ///   - reading: how images are made of DICOM and NIfTI files.
  ///   - threads: masks that are read at a time.
  ///   - watch: is told how far that is.
  package static func masked(
    at path: String, classes: MaskClasses?, isOfModel: Bool = false, reading: ImageReading, threads: Int,
    _ watch: ReadingWatch
  ) throws(DatasetError) -> LabelledImages {
    let wanted: MaskList.Wanted = classes.map { isOfModel ? .model($0) : .given($0) } ?? .found
    return CSVManifest.isTable(path)
      ? try MaskManifest.read(path, wanted, reading, threads: threads, watch)
      : try MaskFolder.read(path, wanted, reading, threads: threads, watch)
  }
}
