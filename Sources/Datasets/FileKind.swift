/// What the name of a file says about its content.
enum FileKind: Equatable {
  /// An image in a format that is read.
  case image
  /// An image in a format that is not read, by its extension in lower case.
  case foreignImage(String)
  /// A name without an extension.
  case unnamed
  /// Anything else.
  case other

  /// What a file in a folder is: by its name, and by its content where the name has no ending.
  init(of name: String, in folder: String, among formats: ImageFormats) {
    self.init(of: name, among: formats)
    if self == .unnamed, formats.recognizes(unnamed: folder + "/" + name) { self = .image }
  }

  init(of name: String, among formats: ImageFormats) {
    let endings = FileKind.endings(of: name)
    if endings.isEmpty {
      self = .unnamed
    } else if endings.contains(where: formats.reads) {
      self = .image
    } else {
      self = endings.first(where: FileKind.foreignImages.contains).map { .foreignImage($0) } ?? .other
    }
  }

  /// What may be meant by the extension of a name, in lower case: of `a.nii.gz` `nii.gz` and `gz`; none without a dot after the start.
  static func endings(of name: String) -> [String] {
    let parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last, !(parts.count == 2 && parts[0].isEmpty) else { return [] }
    return (parts.count > 2 ? ["\(parts[parts.count - 2]).\(last)"] : []) + [String(last)]
  }

  /// A name without its ending, of `a.nii.gz` without both.
  static func stem(of name: String) -> String {
    let endings = endings(of: name)
    guard let ending = endings.first(where: ImageFormats.standard.reads) ?? endings.last else { return name }
    return String(name.dropLast(ending.count + 1))
  }

  private static let foreignImages = [
    "avif", "bmp", "dcm", "dib", "dicom", "gif", "hdr", "heic", "heif", "ima", "img", "j2k", "jp2", "jxl",
    "mha",
    "mhd", "nii", "nii.gz", "npy", "nrrd", "pbm", "pgm", "pnm", "ppm", "psd", "svs", "tga", "tif", "tiff",
    "webp",
  ]

  /// A line per kind of image that is passed over, in the order of the extensions; nothing for files that are read.
  static func remarks(on files: [String], among formats: ImageFormats) -> [DatasetNote] {
    var endings: [String] = []
    for file in files {
      if case .foreignImage(let ending) = FileKind(of: file, among: formats), !endings.contains(ending) {
        endings.append(ending)
      }
    }
    return endings.sorted().map { ending in
      let named = files.filter { FileKind(of: $0, among: formats) == .foreignImage(ending) }
      return DatasetNote(
        .warning,
        "\(DatasetNote.counted(named.count, ".\(ending) file")) passed over, only \(formats.names) are read: "
          + DatasetNote.examples(named))
    }
  }
}
