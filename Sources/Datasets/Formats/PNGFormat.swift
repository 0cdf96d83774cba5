import CPNG
import Tensors

/// PNG.
///
/// Grey of 1, 2, 4 and 8 bits gives 8-bit grey, samples of 16 bits give floats divided by 65535, all else 8-bit RGB: palettes
/// are looked up, alpha is dropped without compositing, gamma is not applied.
package struct PNGFormat: ImageFormat {
  package let name = "PNG"
  package let extensions = ["png"]

  /// The format.
  package init() {}

  package func recognizes(_ bytes: Span<UInt8>) -> Bool {
    bytes.holds([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    try unsafe bytes.withUnsafeBytes { bytes throws(CodecError) in try unsafe Self.decode(bytes) }
  }

  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    try StoredValues(
      try unsafe bytes.withUnsafeBytes { bytes throws(CodecError) in
        try unsafe Self.decode(bytes, keepsValues: true)
      })
  }

  /// Decodes one image and turns it as an EXIF chunk says.
  ///
  /// - Parameter keepsValues: whether palettes are not looked up and grey of few bits is not spread over 0 … 255.
  private static func decode(_ bytes: UnsafeRawBufferPointer, keepsValues: Bool = false) throws(CodecError)
    -> Image
  {
    var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_LENGTH))
    var header = cpng_header()
    let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    guard let reader = unsafe cpng_open(start, bytes.count, 1 << 24, keepsValues ? 1 : 0, &header, &message)
    else {
      throw CodecError(cText: message)
    }
    defer { unsafe cpng_close(reader) }
    let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
    if let refusal = Image.refusal(width: width, height: height) { throw CodecError(reason: refusal) }
    var exifCount = 0
    let exif = unsafe cpng_exif(reader, &exifCount).map {
      unsafe [UInt8](UnsafeBufferPointer(start: $0, count: exifCount))
    }

    let byteCount = width * height * channels * Int(header.sample_bytes)
    var status: Int32 = 0
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
      // Rows that libpng does not reach stay zero, so that no byte is read uninitialised.
      unsafe buffer.initialize(repeating: 0)
      status = unsafe cpng_read(reader, buffer.baseAddress, byteCount, &message)
      initialized = byteCount
    }
    guard status == 0 else { throw CodecError(cText: message) }
    let image: Image
    if header.sample_bytes == 2 {
      let floats = (0..<width * height * channels).map { sample in
        Float(Int(pixels[2 * sample]) << 8 | Int(pixels[2 * sample + 1])) / 65535
      }
      image = Image(width: width, height: height, channels: channels, floats: floats)
    } else {
      image = Image(width: width, height: height, channels: channels, bytes: pixels)
    }
    return image.upright(from: exif.map { Orientation(exif: $0) } ?? .upright)
  }
}
