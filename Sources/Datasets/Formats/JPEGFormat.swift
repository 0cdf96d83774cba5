import CTurboJPEG
import Tensors

/// JPEG through TurboJPEG: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK.
///
/// The accurate integer DCT and interpolated chroma upsampling are used, as Pillow does, so that the pixels are Pillow's.
/// CMYK is taken as Adobe stores it (inverted) and converted without a colour profile.
package struct JPEGFormat: ImageFormat {
  package let name = "JPEG"
  package let extensions = ["jpg", "jpeg", "jpe", "jfif"]

  /// The format.
  package init() {}

  package func recognizes(_ bytes: Span<UInt8>) -> Bool { bytes.holds([0xFF, 0xD8, 0xFF]) }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    try unsafe bytes.withUnsafeBytes { bytes throws(CodecError) in try unsafe Self.decode(bytes) }
  }

  /// What is lossy around 0 and 255 is foreground from 128 on: JPEG blurs the border of a mask.
  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    let stored = try StoredValues(try decode(frame: frame, reading, of: bytes, path: path).lightness)
    return StoredValues(
      width: stored.width, height: stored.height, values: stored.values.map { $0 < 128 ? 0 : 255 })
  }

  /// Decodes one image and turns it as its EXIF block says.
  private static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Image {
    let markers = unsafe JPEGMarkers(scanning: bytes)
    // A file whose last marker alone is missing is complete; without this it could not be told from a truncated one.
    let endsProperly = unsafe bytes.suffix(2).elementsEqual([0xFF, 0xD9])
    if !endsProperly, markers.reachesScan, !markers.isProgressive {
      let completed = unsafe [UInt8](bytes) + [0xFF, 0xD9]
      let result: Result<Image, CodecError> = unsafe completed.withUnsafeBytes { completed in
        Result { () throws(CodecError) in try unsafe decode(completed, markers) }
      }
      return try result.get()
    }
    return try unsafe decode(bytes, markers)
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ markers: JPEGMarkers
  ) throws(CodecError) -> Image {
    guard let decoder = unsafe tjInitDecompress() else { throw CodecError(reason: "out of memory") }
    defer { unsafe tjDestroy(decoder) }
    let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    guard let count = UInt(exactly: bytes.count) else { throw CodecError(reason: "the file is too large") }
    var (width, height, subsampling, colorSpace) = (Int32(0), Int32(0), Int32(0), Int32(0))
    guard
      unsafe tjDecompressHeader3(decoder, start, count, &width, &height, &subsampling, &colorSpace) == 0
        || tjGetErrorCode(decoder) == TJERR_WARNING.rawValue
    else { throw unsafe reason(of: decoder) }
    if let refusal = Image.refusal(width: Int(width), height: Int(height)) {
      throw CodecError(reason: refusal)
    }

    let isFourColor = colorSpace == TJCS_CMYK.rawValue || colorSpace == TJCS_YCCK.rawValue
    let isGrey = colorSpace == TJCS_GRAY.rawValue
    let format = isFourColor ? TJPF_CMYK : isGrey ? TJPF_GRAY : TJPF_RGB
    let samplesPerPixel = isFourColor ? 4 : isGrey ? 1 : 3
    let byteCount = Int(width) * Int(height) * samplesPerPixel
    var failure: CodecError?
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
      unsafe buffer.initialize(repeating: 0)
      initialized = byteCount
      // Stopping at the first warning keeps it from being overwritten by a later, harmless one.
      for flags in [
        TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS,
      ] {
        let status = unsafe tjDecompress2(
          decoder, start, count, buffer.baseAddress, width, 0, height, format.rawValue, Int32(flags))
        guard status != 0 else { return }
        let found = unsafe reason(of: decoder)
        let isFatal = unsafe tjGetErrorCode(decoder) != TJERR_WARNING.rawValue
        guard !isFatal, !found.saysPixelsAreLost else {
          failure =
            found.saysPixelsAreLost ? CodecError(reason: "truncated or damaged (\(found.reason))") : found
          return
        }
      }
    }
    if let failure { throw failure }
    let image = Image(
      width: Int(width), height: Int(height), channels: isGrey ? 1 : 3,
      bytes: isFourColor ? rgb(fromInvertedCMYK: pixels) : pixels)
    return image.upright(from: markers.orientation)
  }

  private static func reason(of decoder: tjhandle) -> CodecError {
    guard let text = unsafe tjGetErrorStr2(decoder) else { return CodecError(reason: "unknown reason") }
    return unsafe CodecError(libraryText: String(cString: text))
  }

  /// Converts 8-bit inverted CMYK: red = 255 − min(255, cyan ink + black ink), in the rounding of an 8-bit product.
  ///
  ///     red = k − round(c · k / 255)         k = 255 − black ink, c = cyan ink; the inks stored inverted
  private static func rgb(fromInvertedCMYK pixels: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count / 4 * 3)
    for pixel in stride(from: 0, to: pixels.count, by: 4) {
      let light = Int(pixels[pixel + 3])
      for channel in 0..<3 {
        let product = (255 - Int(pixels[pixel + channel])) * light + 128
        result.append(UInt8(min(max(light - (product >> 8 + product) >> 8, 0), 255)))
      }
    }
    return result
  }
}

extension CodecError {
  /// Whether libjpeg's warning means that part of the picture is not what was stored.
  fileprivate var saysPixelsAreLost: Bool {
    reason.contains("remature end") || reason.contains("bad Huffman") || reason.contains("instead of RST")
  }
}

/// What is read from a JPEG's segments before the decoder sees them.
struct JPEGMarkers {
  /// How the picture must be turned.
  private(set) var orientation = Orientation.upright
  /// Whether the frame is progressive.
  private(set) var isProgressive = false
  /// Whether everything up to the first scan's samples is there.
  private(set) var reachesScan = false

  /// Walks the segments up to the first scan; stops quietly at anything unexpected, which the decoder will report.
  init(scanning bytes: UnsafeRawBufferPointer) {
    var position = 2
    while position + 4 <= bytes.count, unsafe bytes[position] == 0xFF {
      let marker = unsafe bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      guard marker != 0xD9 else { return }
      let length = unsafe Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard length >= 2, length <= bytes.count - position - 2 else { return }
      guard marker != 0xDA else {
        reachesScan = true
        return
      }
      if marker == 0xC2 || marker == 0xC6 || marker == 0xCA { isProgressive = true }
      if marker == 0xE1 {
        let content = unsafe Array(bytes[position + 4..<position + 2 + length])
        let name: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]
        if content.starts(with: name) {
          orientation = Orientation(exif: Array(content.dropFirst(name.count)))
        }
      }
      position += 2 + length
    }
  }
}
