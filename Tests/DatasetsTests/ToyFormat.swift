import Datasets

/// A third format: `TOY`, then frames, width and height in a byte each, then the grey rows of one frame after the other.
struct ToyFormat: ImageFormat {
  let name = "Toy"
  let extensions = ["toy"]
  let holdsFrames = true

  /// All formats, this one among them.
  static let formats = ImageFormats([PNGFormat(), JPEGFormat(), ToyFormat()])

  func recognizes(_ bytes: Span<UInt8>) -> Bool { bytes.holds(Array("TOY".utf8)) }

  func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    guard bytes.count >= 6 else { throw CodecError(reason: "the header ends early") }
    var contents = FileContents()
    contents.frameCount = Int(bytes[3])
    return contents
  }

  func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> Image
  {
    let (width, height) = (Int(bytes[4]), Int(bytes[5]))
    let start = 6 + frame * width * height
    guard start + width * height <= bytes.count else { throw CodecError(reason: "the pixels end early") }
    let pixels = (start..<start + width * height).map { bytes[$0] }
    return Image(width: width, height: height, channels: 1, bytes: pixels)
  }

  /// A file of frames of 2×2 pixels, each of one grey level.
  static func file(_ levels: [UInt8]) -> [UInt8] {
    Array("TOY".utf8) + [UInt8(levels.count), 2, 2] + levels.flatMap { [$0, $0, $0, $0] }
  }
}
