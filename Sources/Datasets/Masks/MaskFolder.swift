/// A folder of images and their masks.
///
/// `DIR/{train,test}/{images,masks}/…` (also validation; other spellings as `Split.init(named:)` has them), or `DIR/{images,masks}/…`
/// without parts. A mask belongs to the image of its name: `x.png` or `x_mask.png`, of several masks `x_mask_1.png` and so on. In
/// `masks/<class>/x.png` everything but 0 is of that class; else values are classes. Volumes and files of several images go together slice
/// by slice; DICOM segmentations belong to the images that their frames refer to, whatever their names. DICOM files of one patient are a
/// group.
public enum MaskFolder {
  /// Lists the images and reads their masks.
  ///
  /// - Parameters:
  ///   - classes: what the values mean, nil for what the training masks hold.
  ///   - reading: how images are made of DICOM and NIfTI files.
  ///   - threads: how many masks are read at a time.
  /// - Throws: an error for a missing folder or one of another layout; one error for all images without masks and masks without
  ///   images; what `MaskClasses` cannot be told from.
  public static func read(
    _ path: String, classes: MaskClasses? = nil, reading: ImageReading = ImageReading(), threads: Int = 1
  ) throws(DatasetError) -> LabelledImages {
    try read(path, classes.map { .given($0) } ?? .found, reading, threads: threads) { _, _ in false }
  }

  static func read(
    _ path: String, _ wanted: MaskList.Wanted, _ reading: ImageReading, threads: Int, _ watch: ReadingWatch
  ) throws(DatasetError) -> LabelledImages {
    var reader = MaskFolderReader(root: path, reading)
    try reader.read()
    return try reader.finish(wanted, threads: threads, watch)
  }

  /// Words for the folder of images, in lower case.
  static let imageWords = ["images", "image", "imgs", "img"]
  /// Words for the folder of masks, in lower case.
  static let maskWords = [
    "masks", "mask", "labels", "label", "annotations", "segmentations", "segmentation", "ground_truth",
    "groundtruth",
  ]
}

/// Gathers what stands in such a folder.
private struct MaskFolderReader {
  let root: String
  private var listed: ListedFiles
  private var list: MaskList
  private var ignored: [String] = []
  private var failures: [DatasetError] = []
  private var notes: [DatasetNote] = []

  init(root: String, _ reading: ImageReading) {
    self.root = root
    listed = ListedFiles(.standard, reading)
    list = MaskList(source: root, reading)
  }

  private var formats: ImageFormats { listed.formats }

  mutating func read() throws(DatasetError) {
    let listing = try FolderListing(of: root)
    if try pair(in: listing, at: root) != nil {
      try readPair(at: root, split: nil)
      return
    }
    let parts = listing.folders.compactMap { name in Split(named: name).map { (folder: name, split: $0) } }
    guard !parts.isEmpty else { throw .badFile(root, "no folders of images and masks found", hint: layout) }
    for split in Split.allCases {
      let same = parts.filter { $0.split == split }
      guard same.count < 2 else {
        throw .badFile(
          root,
          "\(same.map { "'\($0.folder)'" }.joined(separator: " and ")) would both be the \(split.rawValue) part",
          hint: "leave one of them")
      }
      guard let part = same.first else { continue }
      let path = root + "/" + part.folder
      guard try pair(in: try FolderListing(of: path), at: path) != nil else {
        throw .badFile(path, "no folders of images and masks found", hint: layout)
      }
      try readPair(at: path, split: split)
    }
    let renamed = parts.filter { $0.folder != $0.split.rawValue }
    guard !renamed.isEmpty else { return }
    let readings = renamed.map { "'\($0.folder)' as \($0.split.rawValue)" }
    notes.append(DatasetNote(.note, "folders are read as parts: \(readings.joined(separator: ", "))"))
  }

  private var layout: String {
    "expected \(root)/{train,test}/{images,masks} or \(root)/{images,masks}, or a CSV file with columns image and mask"
  }

  /// The folders of images and of masks in a folder; nil where there is none of them.
  private func pair(in listing: FolderListing, at path: String) throws(DatasetError) -> (
    images: String, masks: String
  )? {
    func folder(_ words: [String]) throws(DatasetError) -> String? {
      let found = listing.folders.filter { words.contains($0.lowercased()) }
      guard found.count < 2 else {
        throw .badFile(
          path, "\(DatasetNote.examples(found)) could both be meant", hint: "rename the one that is not")
      }
      return found.first
    }
    let (images, masks) = (try folder(MaskFolder.imageWords), try folder(MaskFolder.maskWords))
    guard let images else {
      guard let masks else { return nil }
      throw .badFile(path, "there are masks ('\(masks)') and no folder 'images'", hint: layout)
    }
    guard let masks else {
      throw .badFile(path, "there are images ('\(images)') and no folder 'masks'", hint: layout)
    }
    return (images, masks)
  }

  private mutating func readPair(at path: String, split: Split?) throws(DatasetError) {
    guard let (images, masks) = try pair(in: try FolderListing(of: path), at: path) else { return }
    var imageFiles: [String] = []
    var maskFiles: [String] = []
    try gather(path + "/" + images, "", 0, &imageFiles)
    try gather(path + "/" + masks, "", 0, &maskFiles)
    var positions: [String: Int] = [:]
    var pairs: [(image: String, masks: [MaskList.NamedMask])] = []
    for file in imageFiles {
      let key = stem(file)
      let image = "\(path)/\(images)/\(file)"
      if let other = positions[key] {
        failures.append(
          .badFile(image, "the image has the name of '\(pairs[other].image)', so masks could be of both"))
        continue
      }
      positions[key] = pairs.count
      pairs.append((image, []))
    }
    // The images by the names that segmentations refer to them by, looked up where there is one.
    var instances: [String?]?
    for file in maskFiles {
      let mask = "\(path)/\(masks)/\(file)"
      if let segmentation = listed.contents(ofFile: mask)?.segmentation {
        let known = instances ?? pairs.map { listed.contents(ofFile: $0.image)?.instance }
        instances = known
        let meant = known.indices.filter { known[$0].map(segmentation.refers) ?? false }
        for position in meant { pairs[position].masks.append(MaskList.NamedMask(path: mask)) }
        if meant.isEmpty {
          failures.append(.badFile(mask, "the segmentation refers to no image of the folder"))
        }
      } else if let (position, name) = image(ofMask: file, among: positions) {
        pairs[position].masks.append(MaskList.NamedMask(path: mask, className: name))
      } else {
        failures.append(.badFile(mask, "no image has this mask's name"))
      }
    }
    for (image, masks) in pairs {
      guard !masks.isEmpty else {
        failures.append(.badFile(image, "the image has no mask"))
        continue
      }
      list.add(image, frame: nil, masks: masks, split: split, group: nil, &listed, &failures)
    }
  }

  /// Images in a folder and the folders below, relative to it.
  private mutating func gather(_ folder: String, _ prefix: String, _ depth: Int, _ files: inout [String])
    throws(DatasetError)
  {
    guard depth < 16 else {
      throw .badFile(folder, "folders are nested deeper than 16 levels (a link in a circle?)")
    }
    let listing = try FolderListing(of: folder)
    for entry in listing.broken where FileKind(of: entry.name, among: formats) != .other {
      let path = folder + "/" + entry.name
      failures.append(entry.isMissing ? .missing(path, entry.reason) : .badFile(path, entry.reason))
    }
    for file in listing.files {
      if FileKind(of: file, in: folder, among: formats) == .image {
        files.append(prefix + file)
      } else {
        ignored.append(folder + "/" + file)
      }
    }
    for inner in listing.folders { try gather(folder + "/" + inner, prefix + inner + "/", depth + 1, &files) }
  }

  /// A path without the ending of its name.
  private func stem(_ file: String) -> String {
    let start = file.lastIndex(of: "/").map(file.index(after:)) ?? file.startIndex
    return String(file[..<start]) + FileKind.stem(of: String(file[start...]))
  }

  /// The image of a mask, and its class where it lies in the folder of one.
  private func image(ofMask file: String, among positions: [String: Int]) -> (Int, String?)? {
    func position(_ stem: String) -> Int? {
      if let exact = positions[stem] { return exact }
      return LabelledImages.imageStem(ofMask: stem[...]).flatMap { positions[String($0)] }
    }
    let stem = stem(file)
    if let position = position(stem) { return (position, nil) }
    guard let mark = stem.firstIndex(of: "/"),
      let position = position(String(stem[stem.index(after: mark)...]))
    else { return nil }
    return (position, ClassName.trimmed(String(stem[..<mark])))
  }

  func finish(_ wanted: MaskList.Wanted, threads: Int, _ watch: ReadingWatch) throws(DatasetError)
    -> LabelledImages
  {
    let summary = "\(failures.count) files of '\(root)' do not fit together or cannot be read"
    let hint = "an image and its mask have the same name (also x_mask.png, x_mask_1.png); remove the others"
    if let error = DatasetError.joined(failures, summary, hint: hint) { throw error }
    guard !list.items.isEmpty else { throw .badFile(root, "no images found", hint: layout) }
    var images = try list.images(wanted, threads: threads, watch)
    images.hasIntensities = listed.hasIntensities
    images.ignored = ignored
    images.notes = notes + FileKind.remarks(on: ignored, among: formats) + images.notes
    return images
  }
}
