import Glibc
import Tensors

/// A task of labelled phantom images.
public enum PhantomTask: String, Sendable, CaseIterable {
  /// Ultrasound-like: benign (smooth oval), malignant (irregular, spiculated), normal.
  case lesions
  /// Eight simple patterns under another kind of speckle, to pretrain on.
  case textures

  /// The classes in label order.
  public var classNames: [String] { self == .lesions ? LesionPhantom.classNames : TexturePhantom.classNames }
}

/// Makes labelled phantom images; each is a pure function of (seed, task, part, label, number).
public struct SyntheticImages: Sendable {
  /// What is shown.
  public let task: PhantomTask
  /// Width and height in pixels.
  public let side: Int
  /// The seed.
  public let seed: Int

  /// A generator of square grey images, 16 to 1024 pixels wide.
  public init(_ task: PhantomTask, side: Int = 128, seed: Int = 7) throws(DatasetError) {
    guard (16...1024).contains(side) else {
      throw DatasetError(.usage, "an image side of \(side) pixels is not within 16 … 1024")
    }
    (self.task, self.side, self.seed) = (task, side, seed)
  }

  /// One image with its mask: 0 background, else 1 and above by class (`lesions`: 1 benign, 2 malignant).
  public func image(label: Int, part: Split, number: Int) -> (image: Image, mask: [UInt8]) {
    precondition(task.classNames.indices.contains(label), "label \(label) is outside the task's classes")
    let taskNumber = task == .lesions ? 1 : 2
    let partNumber = part == .train ? 1 : part == .validation ? 2 : 3
    var random = Random(seed, taskNumber, partNumber, label, number)
    let drawn =
      task == .lesions
      ? LesionPhantom.draw(label: label, side: side, random: &random)
      : TexturePhantom.draw(label: label, side: side, random: &random)
    return (Image(width: side, height: side, channels: 1, bytes: drawn.picture.bytes), drawn.mask)
  }

  /// Writes `{train,test}/<class>/<class>_0001.png`, palette masks under `masks/` in the same way, and `index.csv`.
  ///
  /// - Throws: an error with the system's reason where a file cannot be written.
  public func writeFolder(_ path: String, trainPerClass: Int, testPerClass: Int) throws(DatasetError) {
    let palette: [(red: UInt8, green: UInt8, blue: UInt8)] = [(0, 0, 0), (80, 200, 120), (220, 60, 60)]
    var index = "file,class,split,mask\n"
    for (part, count) in [(Split.train, trainPerClass), (.test, testPerClass)] {
      for (label, name) in task.classNames.enumerated() {
        let folder = "\(part.rawValue)/\(name)"
        try makeFolder(path + "/" + folder)
        try makeFolder(path + "/masks/" + folder)
        for number in 1...max(count, 1) where number <= count {
          let digits = String(number)
          let file =
            folder + "/\(name)_" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits + ".png"
          let (image, mask) = image(label: label, part: part, number: number)
          try writeFile(path + "/" + file, PNGCoder.encode(image))
          let encoded = try PNGCoder.encode(indices: mask, width: side, height: side, palette: palette)
          try writeFile(path + "/masks/" + file, encoded)
          index += "\(file),\(name),\(part.rawValue),masks/\(file)\n"
        }
      }
    }
    try writeFile(path + "/index.csv", Array(index.utf8))
  }

  /// Makes a folder and those above it.
  private func makeFolder(_ path: String) throws(DatasetError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      let folder = String(path[..<end])
      if unsafe mkdir(folder, 0o777) != 0, errno != EEXIST, FolderListing.kind(of: folder) != .folder {
        throw failure(folder, errno)
      }
    }
  }

  private func writeFile(_ path: String, _ bytes: [UInt8]) throws(DatasetError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var position = 0
    while position < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { bytes in
        unsafe write(descriptor, bytes.baseAddress.map { unsafe $0 + position }, bytes.count - position)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        let number = errno
        close(descriptor)
        throw failure(path, number)
      }
      position += written
    }
    guard close(descriptor) == 0 else { throw failure(path, errno) }
  }

  private func failure(_ path: String, _ number: Int32) -> DatasetError {
    let reason = unsafe String(cString: strerror(number))
    return DatasetError(.workFailed, "'\(path)' cannot be written: \(reason)", file: path)
  }
}
