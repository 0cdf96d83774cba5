import Tensors

/// A folder of images with one subfolder per class.
///
/// `DIR/{train,test}/<class>/…` (also `validation`, `val` or `valid`), or `DIR/<class>/…` without parts. Classes are the
/// subfolders in the order of their names' bytes; files may be nested deeper; hidden entries are passed over.
public enum ImageFolder {
  /// Lists the images of a folder.
  ///
  /// - Throws: an error for a missing folder, no class folders, a class without images, classes that only the test part has.
  public static func read(_ path: String) throws(DatasetError) -> LabelledImages {
    let root = try FolderListing(of: path)
    let parts = root.folders.compactMap { name in split(named: name).map { (name, $0) } }
    var reader = Reader(root: path)
    if parts.contains(where: { $0.1 == .train }) || parts.contains(where: { $0.1 == .test }) {
      let strangers = root.folders.filter { split(named: $0) == nil }
      reader.ignored += strangers.map { $0 + "/" } + root.files
      var classFolders: [(split: Split, folder: String, classes: [String])] = []
      for (name, split) in parts {
        let listing = try FolderListing(of: path + "/" + name)
        reader.ignored += listing.files.map { name + "/" + $0 }
        classFolders.append((split, name, listing.folders))
      }
      let named = classFolders.flatMap(\.classes).sorted(by: FolderListing.precedes)
      reader.classes = named.enumerated().filter { $0.offset == 0 || named[$0.offset - 1] != $0.element }.map(
        \.element)
      for split in Split.allCases {
        for part in classFolders where part.split == split {
          for name in part.classes { try reader.add(class: name, in: part.folder + "/" + name, split: split) }
        }
      }
    } else {
      reader.classes = root.folders
      reader.ignored += root.files
      for name in root.folders { try reader.add(class: name, in: name, split: nil) }
    }
    return try reader.finish()
  }

  private static func split(named name: String) -> Split? {
    switch name.lowercased() {
    case "train": .train
    case "test": .test
    case "validation", "valid", "val": .validation
    default: nil
    }
  }
}

private struct Reader {
  let root: String
  var classes: [String] = []
  var samples: [Sample] = []
  var ignored: [String] = []

  init(root: String) { self.root = root }

  /// Adds the images of a class folder and of the folders inside it.
  mutating func add(class name: String, in folder: String, split: Split?, depth: Int = 0) throws(DatasetError)
  {
    guard let label = classes.firstIndex(of: name) else { return }
    guard depth < 32 else {
      throw .badFile(root + "/" + folder, "folders are nested deeper than 32 levels (a link in a circle?)")
    }
    let listing = try FolderListing(of: root + "/" + folder)
    for file in listing.files {
      let path = folder + "/" + file
      if ImageFile.hasImageExtension(file) {
        samples.append(Sample(path: root + "/" + path, label: label, split: split, index: samples.count))
      } else {
        ignored.append(path)
      }
    }
    for inner in listing.folders {
      try add(class: name, in: folder + "/" + inner, split: split, depth: depth + 1)
    }
  }

  func finish() throws(DatasetError) -> LabelledImages {
    let images = LabelledImages(classes: classes, samples: samples, ignored: ignored)
    let layout = "expected \(root)/{train,test}/<class>/*.png or \(root)/<class>/*.png (also .jpg, .jpeg)"
    guard !classes.isEmpty else { throw .badFile(root, "no class folders found", hint: layout) }
    guard !samples.isEmpty else { throw .badFile(root, "no images found", hint: layout) }
    try images.requireImagesInEveryClass(source: root)
    if images.hasSplit {
      let train = images.part(.train)
      if !train.samples.isEmpty { try train.requireImagesInEveryClass(source: root + "/train") }
    }
    return images
  }
}
