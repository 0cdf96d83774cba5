import Tensors

/// A folder of images with one subfolder per class.
///
/// `DIR/{train,test}/<class>/…` (also validation; other spellings as `Split.init(named:)` has them), or `DIR/<class>/…` without
/// parts. Classes are the subfolders, names without surrounding blanks and compared as Unicode does, in the order of their NFC
/// bytes; files may be nested deeper; hidden entries are passed over. DICOM files of one patient are a group.
public enum ImageFolder {
  /// Lists the images of a folder; how names were read and what was passed over stands in `notes`.
  ///
  /// - Throws: an error for a missing folder, no class folders, a class without images, classes that only the test part has, parts
  ///   mixed with classes or inside them; one error for all names that cannot be followed.
  ///
  /// - Parameter reading: how images are made of DICOM and NIfTI files.
  public static func read(_ path: String, reading: ImageReading = ImageReading()) throws(DatasetError)
    -> LabelledImages
  {
    try read(path, reading: reading, by: .standard)
  }

  /// Lists the images of a folder that are in these formats.
  package static func read(
    _ path: String, reading: ImageReading = ImageReading(), by formats: ImageFormats
  ) throws(DatasetError) -> LabelledImages {
    var reader = FolderReader(root: path, ListedFiles(formats, reading))
    let listing = try FolderListing(of: path)
    reader.take(brokenEntriesOf: listing, in: "")
    let named = listing.folders.compactMap { name in Split(named: name).map { (folder: name, split: $0) } }
    let parts = named.isEmpty ? reader.partsWithTheSameClasses(listing) : named
    if !parts.isEmpty {
      try reader.readParts(parts, of: listing)
    } else {
      try reader.readClasses(listing)
    }
    return try reader.finish()
  }
}

/// Gathers what stands in a folder of images.
private struct FolderReader {
  let root: String
  private var listed: ListedFiles
  private var classes: [String] = []
  private var samples: [Sample] = []
  private var ignored: [String] = []
  /// Images that no class holds.
  private var outside: [String] = []
  private var failures: [DatasetError] = []
  private var notes: [DatasetNote] = []
  private var folderCount = 0

  /// Folders that are believed; more are links that meet again and again.
  private static let folderLimit = 1_000_000

  init(root: String, _ listed: ListedFiles) { (self.root, self.listed) = (root, listed) }

  private var formats: ImageFormats { listed.formats }

  /// What a file is, named relative to the root.
  private func kind(of file: String) -> FileKind {
    guard let mark = file.lastIndex(of: "/") else { return FileKind(of: file, in: root, among: formats) }
    return FileKind(
      of: String(file[file.index(after: mark)...]), in: "\(root)/\(file[..<mark])", among: formats)
  }

  private var layout: String {
    let (first, others) = (formats.extensions[0], formats.extensions.dropFirst().map { ".\($0)" })
    let also = others.isEmpty ? "" : " (also \(others.joined(separator: ", ")))"
    return "expected \(root)/{train,test}/<class>/*.\(first) or \(root)/<class>/*.\(first)\(also)"
  }

  /// Folders that have the word of a part somewhere in their names and hold the same classes, a train part among them.
  ///
  /// `seg_train` and `seg_test` are parts only since two classes or more stand in both.
  func partsWithTheSameClasses(_ listing: FolderListing) -> [(folder: String, split: Split)] {
    let candidates = listing.folders.compactMap { name in
      Split(within: name).map { (folder: name, split: $0) }
    }
    func classes(_ folder: String) -> Set<String> {
      Set(((try? FolderListing(of: root + "/" + folder))?.folders ?? []).map(ClassName.trimmed))
    }
    guard let train = candidates.first(where: { $0.split == .train }) else { return [] }
    let known = classes(train.folder)
    let parts = candidates.filter { known.intersection(classes($0.folder)).count >= 2 }
    return Set(parts.map(\.split)).count >= 2 ? parts : []
  }

  /// Reads `{train,test,…}/<class>/…`.
  mutating func readParts(_ parts: [(folder: String, split: Split)], of listing: FolderListing)
    throws(DatasetError)
  {
    let others = listing.folders.filter { name in !parts.contains { $0.folder == name } }
    let mixed = others.filter { !FolderReader.companions.contains($0.lowercased()) && holdsImages($0) }
    guard mixed.isEmpty else {
      throw .badFile(
        root,
        "\(DatasetNote.examples(parts.map(\.folder))) would be parts, \(DatasetNote.examples(mixed)) classes",
        hint: "put the classes into the parts, move other folders elsewhere, or list the images in a CSV file"
      )
    }
    for split in Split.allCases {
      let same = parts.filter { $0.split == split }.map { "'\($0.folder)'" }
      guard same.count < 2 else {
        throw .badFile(
          root, "\(same.joined(separator: " and ")) would both be the \(split.rawValue) part",
          hint: "leave one of them")
      }
    }
    ignored += others.map { $0 + "/" }
    sort(listing.files, in: "")
    try readParts(parts)
    let renamed = parts.filter { $0.folder != $0.split.rawValue }
    if !renamed.isEmpty {
      let readings = renamed.map { "'\($0.folder)' as \($0.split.rawValue)" }
      notes.append(DatasetNote(.note, "folders are read as parts: \(readings.joined(separator: ", "))"))
    }
  }

  private mutating func readParts(_ parts: [(folder: String, split: Split)]) throws(DatasetError) {
    var filled: [(folder: String, split: Split, listing: FolderListing)] = []
    for (folder, split) in parts {
      let listing = try FolderListing(of: root + "/" + folder)
      take(brokenEntriesOf: listing, in: folder)
      sort(listing.files, in: folder + "/")
      if !listing.folders.isEmpty { filled.append((folder, split, listing)) }
    }
    guard !filled.isEmpty else {
      throw .badFile(
        root, "no class folders found in \(DatasetNote.examples(parts.map(\.folder)))", hint: layout)
    }
    guard filled.contains(where: { $0.split != .validation }) else {
      let folder = root + "/" + filled[0].folder
      throw .badFile(
        root, "'\(filled[0].folder)' would be a validation part, but there is no train and no test part",
        hint: "give '\(folder)' itself, or the other parts beside it")
    }
    classes = ClassName.distinct(filled.flatMap(\.listing.folders))
    for split in Split.allCases {
      for part in filled where part.split == split {
        for name in part.listing.folders { try add(class: name, in: part.folder + "/" + name, split: split) }
        let images = LabelledImages(classes: classes, samples: samples)
        if split == .train, !samples.isEmpty, failures.isEmpty {
          try requireImages(of: images, source: root + "/" + part.folder)
        }
      }
    }
  }

  /// Reads `<class>/…`.
  mutating func readClasses(_ listing: FolderListing) throws(DatasetError) {
    for name in listing.folders {
      // A folder that cannot be opened is reported with all others when its images are listed.
      let inner = (try? FolderListing(of: root + "/" + name))?.folders ?? []
      let parts = inner.filter { Split(named: $0) != nil }
      let splits = Set(parts.compactMap { Split(named: $0) })
      if listing.folders.count == 1, !splits.isSubset(of: [.validation]) {
        throw .badFile(
          root,
          "one class ('\(name)'), nothing to tell apart; '\(root)/\(name)' has \(DatasetNote.list(parts))",
          hint: "give '\(root)/\(name)'")
      }
      guard splits.count < 2 else {
        throw .badFile(
          root,
          "the class folder '\(name)' holds parts (\(DatasetNote.list(parts))), which stand above classes",
          hint: "give '\(root)/\(name)' if that is the data set, or list the images in a CSV file")
      }
    }
    classes = ClassName.distinct(listing.folders)
    sort(listing.files, in: "")
    for name in listing.folders { try add(class: name, in: name, split: nil) }
  }

  /// Keeps what cannot be followed, unless its name is that of a file that would be passed over.
  mutating func take(brokenEntriesOf listing: FolderListing, in folder: String) {
    for entry in listing.broken where FileKind(of: entry.name, among: formats) != .other {
      let path = root + "/" + (folder.isEmpty ? "" : folder + "/") + entry.name
      failures.append(entry.isMissing ? .missing(path, entry.reason) : .badFile(path, entry.reason))
    }
  }

  /// Files beside class folders.
  private mutating func sort(_ files: [String], in prefix: String) {
    for file in files {
      let path = prefix + file
      if kind(of: path) == .image { outside.append(path) } else { ignored.append(path) }
    }
  }

  /// Adds the images of a class folder and of the folders inside it.
  private mutating func add(class name: String, in folder: String, split: Split?, depth: Int = 0)
    throws(DatasetError)
  {
    guard let label = classes.firstIndex(of: ClassName.trimmed(name)) else { return }
    guard depth < 32 else {
      throw .badFile(root + "/" + folder, "folders are nested deeper than 32 levels (a link in a circle?)")
    }
    folderCount += 1
    guard folderCount <= FolderReader.folderLimit else {
      throw .badFile(root, "more than \(FolderReader.folderLimit) folders (links that meet again?)")
    }
    let listing: FolderListing
    do throws(DatasetError) { listing = try FolderListing(of: root + "/" + folder) } catch {
      failures.append(error)
      return
    }
    take(brokenEntriesOf: listing, in: folder)
    for file in listing.files {
      let path = folder + "/" + file
      if kind(of: path) == .image {
        let found = listed.images(ofFile: root + "/" + path)
        for frame in found.frames {
          samples.append(
            Sample(
              path: root + "/" + path, frame: frame, reading: listed.reading, label: label, split: split,
              group: found.group, index: samples.count))
        }
      } else {
        ignored.append(path)
      }
    }
    for inner in listing.folders {
      try add(class: name, in: folder + "/" + inner, split: split, depth: depth + 1)
    }
  }

  /// The data set, with remarks on what was passed over.
  func finish() throws(DatasetError) -> LabelledImages {
    if let error = DatasetError.joined(failures, "\(failures.count) entries of '\(root)' cannot be read") {
      throw error
    }
    var images = LabelledImages(classes: classes, samples: samples, ignored: outside + ignored)
    guard !classes.isEmpty else { throw .badFile(root, "no class folders found", hint: layout) }
    guard classes.count < 2 || !classes.allSatisfy({ FolderReader.companions.contains($0.lowercased()) })
    else {
      throw .badFile(
        root, "\(DatasetNote.examples(classes)) are the folders of a segmentation, not classes",
        hint: "--task segmentation trains for masks; for classes \(layout)")
    }
    guard !samples.isEmpty || !foreign.isEmpty else {
      throw .badFile(root, "no images found", hint: layout)
    }
    try requireImages(of: images, source: root)
    images.hasIntensities = listed.hasIntensities
    images.notes = notes + foreign + strangers + images.remarksOnNames(root: root)
    return images
  }

  private var foreign: [DatasetNote] { FileKind.remarks(on: ignored, among: formats) }

  private var strangers: [DatasetNote] {
    var result: [DatasetNote] = []
    if !outside.isEmpty {
      let count = DatasetNote.counted(outside.count, "image")
      result.append(
        DatasetNote(
          .warning, "\(count) outside the class folders passed over: \(DatasetNote.examples(outside))"))
    }
    let unnamed = ignored.filter { !$0.hasSuffix("/") && kind(of: $0) == .unnamed }
    if !unnamed.isEmpty {
      let count = DatasetNote.counted(unnamed.count, "file")
      result.append(
        DatasetNote(.note, "\(count) without an extension passed over: \(DatasetNote.examples(unnamed))"))
    }
    let others = ignored.filter { $0.hasSuffix("/") || kind(of: $0) == .other }
    if !others.isEmpty {
      let count = DatasetNote.counted(others.count, "other entry", "other entries")
      result.append(DatasetNote(.detail, "\(count) passed over: \(DatasetNote.examples(others))"))
    }
    return result
  }

  /// Refuses a class without images, and says what stands there instead.
  private func requireImages(of images: LabelledImages, source: String) throws(DatasetError) {
    do throws(DatasetError) { try images.requireImagesInEveryClass(source: source) } catch {
      guard !foreign.isEmpty else { throw error }
      let found = foreign.map(\.message).joined(separator: "; ")
      throw DatasetError(
        error.failureCode, "\(error.message); \(found)", file: error.file, hint: "convert them to PNG")
    }
  }

  /// Whether a folder holds files that are named as images, at a depth and among as many folders as are within reason.
  private func holdsImages(_ folder: String) -> Bool {
    var level = [folder]
    for _ in 0..<4 {
      var next: [String] = []
      for folder in level.prefix(1000) {
        guard let listing = try? FolderListing(of: root + "/" + folder) else { continue }
        if listing.files.contains(where: { kind(of: folder + "/" + $0) == .image }) { return true }
        next += listing.folders.map { folder + "/" + $0 }
      }
      level = next
    }
    return false
  }

  /// Folders that accompany images, in lower case.
  private static let companions = [
    "annotations", "ground_truth", "groundtruth", "image", "images", "img", "imgs", "label", "labels", "mask",
    "masks", "segmentation", "segmentations",
  ]
}
