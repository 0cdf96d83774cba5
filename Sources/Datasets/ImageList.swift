import Tensors

/// Images without labels, as a user names them: files, folders, lists and tables.
public struct ImageList: Sendable {
  /// The images, in the order in which they were named.
  public private(set) var samples: [Sample] = []
  /// What was named and cannot be an image, one error each.
  public private(set) var failures: [DatasetError] = []
  /// What a user should know about how folders were read.
  public private(set) var notes: [DatasetNote] = []

  private var listed: ListedFiles
  private static let deepest = 32

  /// Finds the images that these paths stand for.
  ///
  /// - a folder: every image in it and in the folders below, in the order of their names;
  /// - `….txt`: a path per line, relative to the list or to the working folder;
  /// - `….csv`, `….tsv`: the paths in column `file`, else `image`, `path` or `filename`, relative likewise;
  /// - anything else: an image, `scan.dcm#12` a frame of one.
  /// - Parameter reading: how images are made of DICOM and NIfTI files.
  /// - Throws: an error for a table or list that cannot be read.
  public init(of paths: [String], reading: ImageReading = ImageReading()) throws(DatasetError) {
    try self.init(of: paths, reading: reading, by: .standard)
  }

  init(of paths: [String], reading: ImageReading = ImageReading(), by formats: ImageFormats)
    throws(DatasetError)
  {
    listed = ListedFiles(formats, reading)
    for path in paths {
      let name = path.lowercased()
      if FolderListing.kind(of: path) == .folder {
        try addFolder(path)
      } else if name.hasSuffix(".csv") || name.hasSuffix(".tsv") {
        let table = try CSVTable(parsing: try CSVManifest.bytes(of: path), file: path)
        let found = table.header.joined(separator: ", ")
        guard let column = try table.column("file", "image", "path", "filename") else {
          throw .badFile(
            path, "no column 'file', 'image', 'path' or 'filename'; found \(found)",
            hint: "name the column of the image files 'file'")
        }
        addFiles(table.rows.map { ($0.line, $0.exactFields[column]) }, listedIn: path)
      } else if name.hasSuffix(".txt") {
        let text = try CSVTable.text(try CSVManifest.bytes(of: path), file: path)
        let lines = text.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") }
        addFiles(
          lines.enumerated().map { ($0 + 1, ClassName.trimmed(String(decoding: $1, as: UTF8.self))) },
          listedIn: path)
      } else {
        addFile(path)
      }
    }
  }

  private var formats: ImageFormats { listed.formats }

  private mutating func addFile(_ path: String) {
    if FolderListing.kind(of: path) != .file, let named = Sample.frame(in: path),
      FolderListing.kind(of: named.file) == .file
    {
      add(named.file, frame: named.frame)
    } else {
      for frame in listed.images(ofFile: path).frames { add(path, frame: frame) }
    }
  }

  private mutating func add(_ path: String, frame: Int?) {
    samples.append(
      Sample(path: path, frame: frame, reading: listed.reading, label: 0, index: samples.count))
  }

  private mutating func addFiles(_ names: [(line: Int, name: String)], listedIn list: String) {
    var search = PathSearch(folders: [CSVManifest.folder(of: list), ""])
    for (line, name) in names where !name.isEmpty {
      if let path = search.file([name]) {
        addFile(path)
      } else if let named = Sample.frame(in: name), let path = search.file([named.file]) {
        add(path, frame: named.frame)
      } else {
        failures.append(.missing(name, "does not exist (line \(line) of '\(list)')"))
      }
    }
  }

  private mutating func addFolder(_ path: String) throws(DatasetError) {
    let before = (samples.count, failures.count)
    var passedOver: [String] = []
    try addImages(below: path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0, &passedOver)
    notes += FileKind.remarks(on: passedOver, among: formats)
    guard (samples.count, failures.count) != before else {
      failures.append(.badFile(path, "no image in this folder; only \(formats.names) are read"))
      return
    }
  }

  private mutating func addImages(below folder: String, depth: Int, _ passedOver: inout [String])
    throws(DatasetError)
  {
    guard depth < ImageList.deepest else {
      throw .badFile(
        folder, "folders are nested deeper than \(ImageList.deepest) levels (a link in a circle?)")
    }
    let listing = try FolderListing(of: folder)
    for entry in listing.broken where FileKind(of: entry.name, among: formats) != .other {
      let path = folder + "/" + entry.name
      failures.append(entry.isMissing ? .missing(path, entry.reason) : .badFile(path, entry.reason))
    }
    for file in listing.files {
      if FileKind(of: file, in: folder, among: formats) == .image {
        addFile(folder + "/" + file)
      } else {
        passedOver.append(folder + "/" + file)
      }
    }
    for inner in listing.folders { try addImages(below: folder + "/" + inner, depth: depth + 1, &passedOver) }
  }

  /// Takes out the images that cannot be read, and keeps why.
  ///
  /// - Parameters:
  ///   - threads: how many decode at a time.
  ///   - watch: is told of how many images are read.
  /// - Throws: one error that names everything, where no image is left; one with the code `interrupted`.
  package mutating func keepReadable(threads: Int, _ watch: ReadingWatch) throws(DatasetError) {
    let images = LabelledImages(classes: [""], samples: samples)
    let found = try images.readability(threads: threads, watch)
    samples = found.readable
    failures += found.failures
    notes += found.notes
    let summary = "\(DatasetNote.counted(failures.count, "image")) given, none can be read"
    guard samples.isEmpty, let error = DatasetError.joined(failures, summary) else { return }
    throw error
  }
}
