/// The classes of an image's pixels.
public struct Mask: Sendable, Equatable {
  /// Stands for pixels that count nowhere.
  public static let ignoredClass: Int16 = -1

  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Class of each pixel, row by row.
  public let classes: [Int16]

  /// Classes of so many pixels.
  package init(width: Int, height: Int, classes: [Int16]) {
    precondition(classes.count == width * height, "\(classes.count) pixels for \(width)×\(height)")
    (self.width, self.height, self.classes) = (width, height, classes)
  }
}

/// A file with a mask of an image, or one of several.
public struct MaskFile: Sendable, Equatable {
  /// The file.
  public let path: String
  /// Which image of a file that holds several; nil where the file is one.
  public let frame: Int?
  /// How volumes are cut into masks.
  public let reading: ImageReading
  /// Class that everything but 0 stands for; nil where values are classes.
  public let label: Int?
  /// Whether the file is a segmentation that found nothing in the image, so that no frame of it is read.
  public let isEmpty: Bool

  /// A file.
  package init(
    path: String, frame: Int? = nil, reading: ImageReading = ImageReading(), label: Int? = nil,
    isEmpty: Bool = false
  ) {
    (self.path, self.frame, self.reading, self.label) = (path, frame, reading, label)
    self.isEmpty = isEmpty
  }
}

/// The masks of one image, of one size.
public struct MaskFiles: Sendable, Equatable {
  /// The files.
  public let files: [MaskFile]
  /// Columns of each.
  public let width: Int
  /// Rows of each.
  public let height: Int

  /// Files of a size.
  package init(_ files: [MaskFile], width: Int, height: Int) {
    (self.files, self.width, self.height) = (files, width, height)
  }

  /// The files as one mask: where several say something, the class that stands last in the list, the background first.
  ///
  /// - Throws: where a file cannot be read any more, has another size, or values that mean nothing.
  package func joined(_ classes: MaskClasses) throws(DatasetError) -> Mask { try joining(classes).mask }

  /// The same, with the number of pixels that are of different classes in several files.
  func joining(_ classes: MaskClasses) throws(DatasetError) -> (mask: Mask, overlaps: Int) {
    var result: [Int16] = []
    var overlaps = 0
    let background = Int16(clamping: classes.background ?? 0)
    // The background gives way to what is ignored, that to any class.
    func rank(_ value: Int16) -> Int16 { value == background ? -2 : value }
    for file in files where !file.isEmpty {
      let found = try file.mask(classes)
      guard found.width == width, found.height == height else {
        throw .badFile(
          file.path, "the mask is \(found.width)×\(found.height) pixels, \(width)×\(height) before")
      }
      guard !result.isEmpty else {
        result = found.classes
        continue
      }
      for (pixel, value) in found.classes.enumerated() where value != result[pixel] {
        if value != background, result[pixel] != background { overlaps += 1 }
        if rank(value) > rank(result[pixel]) { result[pixel] = value }
      }
    }
    if result.isEmpty { result = [Int16](repeating: background, count: width * height) }
    return (Mask(width: width, height: height, classes: result), overlaps)
  }
}

extension MaskFile {
  /// The mask as errors name it.
  var quoted: String { "'\(path)'" + (frame.map { " frame \($0)" } ?? "") }

  /// The mask as tables name it.
  package var name: String { path + (frame.map { "#\($0)" } ?? "") }

  /// The file's values.
  package func values() throws(DatasetError) -> StoredValues {
    try ImageFile.values(
      Sample(path: path, frame: frame, reading: reading, label: 0, index: 0), by: .standard)
  }

  /// The class of every pixel.
  fileprivate func mask(_ classes: MaskClasses) throws(DatasetError) -> Mask {
    let stored = try values()
    let mask: [Int16]
    if let label {
      let (inside, outside) = (Int16(clamping: label), Int16(clamping: classes.background ?? 0))
      mask = stored.values.map { $0 == 0 ? outside : inside }
    } else {
      let unknown: Int16 = -2
      var table = [Int16](repeating: unknown, count: 65536)
      for (value, index) in classes.table() { table[value] = index }
      mask = stored.values.map { table[Int($0)] }
      if let position = mask.firstIndex(of: unknown) {
        throw .badFile(path, "value \(stored.values[position]) is none of the classes \(classes.text)")
      }
    }
    return Mask(width: stored.width, height: stored.height, classes: mask)
  }
}
