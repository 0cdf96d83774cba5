/// What the name of a file says about its content.
enum FileKind: Equatable {
  /// PNG or JPEG, which are read.
  case image
  /// An image in a format that is not read, by its extension in lower case.
  case foreignImage(String)
  /// A name without an extension.
  case unnamed
  /// Anything else.
  case other

  init(of name: String) {
    let lowered = name.lowercased()
    if lowered.hasSuffix(".nii.gz") {
      self = .foreignImage("nii.gz")
      return
    }
    guard let dot = lowered.lastIndex(of: "."), dot > lowered.startIndex else {
      self = .unnamed
      return
    }
    let ending = String(lowered[lowered.index(after: dot)...])
    self =
      ImageFile.extensions.contains(ending)
      ? .image : FileKind.foreignImages.contains(ending) ? .foreignImage(ending) : .other
  }

  private static let foreignImages = [
    "avif", "bmp", "dcm", "dib", "dicom", "gif", "heic", "heif", "ima", "j2k", "jp2", "jxl", "mha", "mhd",
    "nii", "npy", "nrrd", "pbm", "pgm", "pnm", "ppm", "psd", "svs", "tga", "tif", "tiff", "webp",
  ]

  /// A line per kind of image that is passed over, in the order of the extensions; nothing for files that are read.
  static func remarks(on files: [String]) -> [DatasetNote] {
    var endings: [String] = []
    for file in files {
      if case .foreignImage(let ending) = FileKind(of: file), !endings.contains(ending) {
        endings.append(ending)
      }
    }
    return endings.sorted().map { ending in
      let named = files.filter { FileKind(of: $0) == .foreignImage(ending) }
      return DatasetNote(
        .warning,
        "\(DatasetNote.counted(named.count, ".\(ending) file")) passed over, only PNG and JPEG are read: "
          + DatasetNote.examples(named))
    }
  }
}
