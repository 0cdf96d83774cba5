import CTIFF

/// TIFF through libtiff: unsigned samples of up to 16 bits, grey, palettes and RGB, one file or several images.
///
/// Samples of 16 bits become floats divided by 65535; what is neither grey nor RGB comes as the 8-bit colours that libtiff makes of it.
package struct TIFFFormat: ImageFormat {
  package let name = "TIFF"
  package let extensions = ["tif", "tiff"]
  package let holdsFrames = true
  package let isDecodedApart = true

  /// The format.
  package init() {}

  package func recognizes(_ bytes: Span<UInt8>) -> Bool {
    // Classic and BigTIFF, of either byte order.
    [[0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]].contains {
      bytes.holds($0)
    }
  }

  package func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    var contents = FileContents()
    contents.frameCount = try unsafe Self.reading(bytes) { reader throws(CodecError) in
      unsafe ctiff_count(reader, ImageFormats.frameLimit)
    }
    return contents
  }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    try unsafe Self.reading(bytes) { reader throws(CodecError) in
      let (header, samples) = try unsafe Self.samples(reader, frame)
      let image = try unsafe Self.image(reader, header, samples)
      return image.upright(from: Orientation(rawValue: Int(header.orientation)) ?? .upright)
    }
  }

  /// What is stored: of palettes the positions, of inverted samples the numbers as they stand.
  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    try unsafe Self.reading(bytes) { reader throws(CodecError) in
      let (header, samples) = try unsafe Self.samples(reader, frame)
      let orientation = Orientation(rawValue: Int(header.orientation)) ?? .upright
      let (width, height) = (Int(header.width), Int(header.height))
      guard header.channels == 1 else {
        return try StoredValues(
          try unsafe Self.image(reader, header, samples).upright(from: orientation))
      }
      let numbers = header.sample_bytes == 2 ? Self.words(samples) : samples.map(UInt16.init)
      let turned = orientation.turning(numbers, width: width, height: height, channels: 1)
      return StoredValues(width: turned.width, height: turned.height, values: turned.samples)
    }
  }

  private static func reading<Value>(
    _ bytes: Span<UInt8>, _ read: (OpaquePointer) throws(CodecError) -> Value
  ) throws(CodecError) -> Value {
    try unsafe bytes.withUnsafeBytes { bytes throws(CodecError) in
      var message = [CChar](repeating: 0, count: Int(CTIFF_MESSAGE_LENGTH))
      let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      guard let reader = unsafe ctiff_open(start, bytes.count, &message) else {
        throw CodecError(cText: message)
      }
      defer { unsafe ctiff_close(reader) }
      return try unsafe read(reader)
    }
  }

  private static func samples(_ reader: OpaquePointer, _ frame: Int) throws(CodecError) -> (
    ctiff_header, [UInt8]
  ) {
    var message = [CChar](repeating: 0, count: Int(CTIFF_MESSAGE_LENGTH))
    var header = ctiff_header()
    guard unsafe ctiff_select(reader, UInt32(frame), &header, &message) == 0 else {
      throw CodecError(cText: message)
    }
    let (width, height) = (Int(header.width), Int(header.height))
    if let refusal = Image.refusal(width: width, height: height) { throw CodecError(reason: refusal) }
    let count = width * height * Int(header.channels) * Int(header.sample_bytes)
    var status: Int32 = 0
    let samples = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe buffer.initialize(repeating: 0)
      status = unsafe ctiff_read(reader, &header, buffer.baseAddress, count, &message)
      initialized = count
    }
    guard status == 0 else { throw CodecError(cText: message) }
    return (header, samples)
  }

  private static func image(_ reader: OpaquePointer, _ header: ctiff_header, _ samples: [UInt8])
    throws(CodecError)
    -> Image
  {
    let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
    if header.has_palette != 0 {
      let count = 1 << Int(header.bits)
      var colors = [UInt16](repeating: 0, count: 3 * count)
      guard unsafe ctiff_palette(reader, &colors, colors.count) == 0 else {
        throw CodecError(reason: "the palette is missing")
      }
      let positions = header.sample_bytes == 2 ? words(samples) : samples.map(UInt16.init)
      let bytes = positions.flatMap { position in
        (0..<3).map { UInt8(truncatingIfNeeded: colors[$0 * count + Int(position)] >> 8) }
      }
      return Image(width: width, height: height, channels: 3, bytes: bytes)
    }
    if header.sample_bytes == 2 {
      let floats = words(samples).map { Float(header.is_inverted != 0 ? 65535 - $0 : $0) / 65535 }
      return Image(width: width, height: height, channels: channels, floats: floats)
    }
    guard channels == 1 else { return Image(width: width, height: height, channels: 3, bytes: samples) }
    // Grey of few bits is spread over 0 … 255.
    let largest = (1 << Int(header.bits)) - 1
    let bytes = samples.map { sample in
      let level = Int(sample) * 255 / largest
      return UInt8(header.is_inverted != 0 ? 255 - level : level)
    }
    return Image(width: width, height: height, channels: 1, bytes: bytes)
  }

  private static func words(_ bytes: [UInt8]) -> [UInt16] {
    (0..<bytes.count / 2).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }
}
