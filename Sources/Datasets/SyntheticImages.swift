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

  /// An image in a folder of them.
  package struct Entry: Sendable {
    /// Its path within the folder: `train/benign/benign_0001.png`.
    package let path: String
    /// The path of its palette mask.
    package var maskPath: String { "masks/" + path }
    fileprivate let part: Split
    fileprivate let label: Int
    fileprivate let number: Int
  }

  /// The images of a folder, part by part and class by class.
  package func entries(trainPerClass: Int, testPerClass: Int) -> [Entry] {
    [(Split.train, trainPerClass), (.test, testPerClass)].flatMap { part, count in
      task.classNames.indices.flatMap { label in
        (0..<count).map { index in
          let digits = String(index + 1)
          let number = String(repeating: "0", count: max(4 - digits.count, 0)) + digits
          let name = task.classNames[label]
          return Entry(
            path: "\(part.rawValue)/\(name)/\(name)_\(number).png", part: part, label: label,
            number: index + 1)
        }
      }
    }
  }

  /// The bytes of an entry's two PNG files.
  package func files(of entry: Entry) throws(DatasetError) -> (image: [UInt8], mask: [UInt8]) {
    let palette: [(red: UInt8, green: UInt8, blue: UInt8)] = [(0, 0, 0), (80, 200, 120), (220, 60, 60)]
    let (image, mask) = image(label: entry.label, part: entry.part, number: entry.number)
    return (
      try PNGCoder.encode(image),
      try PNGCoder.encode(indices: mask, width: side, height: side, palette: palette)
    )
  }

  /// The table that lists entries: `file,class,split,mask`.
  package func table(of entries: [Entry]) -> String {
    entries.reduce(into: "file,class,split,mask\n") { text, entry in
      text += "\(entry.path),\(task.classNames[entry.label]),\(entry.part.rawValue),\(entry.maskPath)\n"
    }
  }
}
