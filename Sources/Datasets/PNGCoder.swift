import CPNG
import Tensors

/// Decodes and encodes PNG.
///
/// Grey of 1, 2, 4 and 8 bits gives 8-bit grey, 16-bit grey gives floats divided by 65535, all else 8-bit RGB: palettes
/// are looked up, alpha is dropped without compositing, 16-bit colour keeps its upper byte, gamma is not applied.
package enum PNGCoder {
  /// Whether the bytes start as PNG does.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  /// Decodes one image and turns it as an EXIF chunk says.
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Image {
    var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_LENGTH))
    var header = cpng_header()
    let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    guard let reader = unsafe cpng_open(start, bytes.count, 1 << 24, &header, &message) else {
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
      let floats = (0..<width * height).map { pixel in
        Float(Int(pixels[2 * pixel]) << 8 | Int(pixels[2 * pixel + 1])) / 65535
      }
      image = Image(width: width, height: height, channels: 1, floats: floats)
    } else {
      image = Image(width: width, height: height, channels: channels, bytes: pixels)
    }
    return image.upright(from: exif.map { Orientation(exif: $0) } ?? .upright)
  }

  /// Encodes an 8-bit image as grey or RGB; floats are rounded to 8 bits.
  package static func encode(_ image: Image) throws(DatasetError) -> [UInt8] {
    switch image.samples {
    case .bytes(let bytes):
      return try encode(
        bytes, width: image.width, height: image.height, channels: image.channels, palette: [])
    case .floats(let floats):
      let bytes = floats.map { UInt8((min(max($0, 0), 1) * 255).rounded()) }
      return try encode(
        bytes, width: image.width, height: image.height, channels: image.channels, palette: [])
    }
  }

  /// Encodes palette indices; the palette holds up to 256 red, green, blue triples and covers every index.
  package static func encode(
    indices: [UInt8], width: Int, height: Int, palette: [(red: UInt8, green: UInt8, blue: UInt8)]
  ) throws(DatasetError) -> [UInt8] {
    precondition((1...256).contains(palette.count), "a palette has 1 to 256 entries")
    precondition(indices.allSatisfy { Int($0) < palette.count }, "an index lies outside the palette")
    let colors = palette.flatMap { [$0.red, $0.green, $0.blue] }
    return try encode(indices, width: width, height: height, channels: 1, palette: colors)
  }

  private static func encode(
    _ bytes: [UInt8], width: Int, height: Int, channels: Int, palette: [UInt8]
  ) throws(DatasetError) -> [UInt8] {
    precondition(
      bytes.count == width * height * channels, "\(bytes.count) bytes for \(width)×\(height)×\(channels)")
    guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height), columns > 0, rows > 0
    else {
      throw DatasetError(.workFailed, "an image of \(width)×\(height) pixels cannot be written as PNG")
    }
    var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_LENGTH))
    var encoded: [UInt8] = []
    let status = unsafe withUnsafeMutablePointer(to: &encoded) { target in
      unsafe cpng_write(
        bytes, columns, rows, UInt8(channels), palette, UInt32(palette.count / 3), target,
        { context, bytes, count in
          guard let context = unsafe context else { return -1 }
          unsafe context.assumingMemoryBound(to: [UInt8].self).pointee
            .append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
          return 0
        }, &message)
    }
    guard status == 0 else {
      throw DatasetError(.workFailed, "PNG encoding failed: \(CodecError(cText: message).reason)")
    }
    return encoded
  }
}

/// Why a codec gave up; the file's name is added by the caller.
struct CodecError: Error {
  let reason: String

  init(reason: String) { self.reason = reason }

  /// The reason from a zero-terminated buffer, in our manner: lower case start, no full stop.
  init(cText: [CChar]) {
    let bytes = cText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    self.init(libraryText: String(decoding: bytes, as: UTF8.self))
  }

  /// The reason from a library's message.
  init(libraryText: String) {
    let text = libraryText.hasSuffix(".") ? String(libraryText.dropLast()) : libraryText
    reason = text.isEmpty ? "unknown reason" : text
  }
}
