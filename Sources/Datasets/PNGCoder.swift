import CPNG
import Tensors

/// Encodes PNG.
package enum PNGCoder {
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
    guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height), columns > 0, rows > 0,
      channels == 1 || channels == 3
    else {
      throw DatasetError(
        .workFailed, "an image of \(width)×\(height) pixels and \(channels) channels cannot be written as PNG"
      )
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
