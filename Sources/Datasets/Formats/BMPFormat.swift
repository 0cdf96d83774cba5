/// BMP without compression: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits, with bit fields where the file has them.
package struct BMPFormat: ImageFormat {
  package let name = "BMP"
  package let extensions = ["bmp", "dib"]
  package let isDecodedApart = true

  /// The format.
  package init() {}

  package func recognizes(_ bytes: Span<UInt8>) -> Bool { bytes.holds(Array("BM".utf8)) }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    let bitmap = try Bitmap(bytes)
    let pixels = try bitmap.pixels(bytes)
    return Image(
      width: bitmap.width, height: bitmap.height, channels: 3,
      bytes: pixels.flatMap { bitmap.color(of: $0) })
  }

  /// What is stored: of palettes the positions.
  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    let bitmap = try Bitmap(bytes)
    guard bitmap.bits <= 8 else {
      return try StoredValues(try decode(frame: frame, reading, of: bytes, path: path))
    }
    // A palette of greys is a grey image: its values are the greys, whatever their order.
    let isGrey = bitmap.palette.allSatisfy { $0[0] == $0[1] && $0[1] == $0[2] }
    let values = try bitmap.pixels(bytes).map { isGrey ? UInt16(bitmap.color(of: $0)[0]) : UInt16($0) }
    return StoredValues(width: bitmap.width, height: bitmap.height, values: values)
  }
}

/// What the headers of a BMP file say.
private struct Bitmap {
  let width: Int
  let height: Int
  let bits: Int
  /// Red, green and blue of each entry.
  let palette: [[UInt8]]
  private let isTopDown: Bool
  private let start: Int
  /// Bits of red, green and blue in a pixel of 16 or 32 bits.
  private let masks: [UInt32]

  init(_ bytes: Span<UInt8>) throws(CodecError) {
    func number(_ place: Int, _ size: Int) throws(CodecError) -> Int {
      guard place >= 0, place <= bytes.count - size else {
        throw CodecError(reason: "the file ends within its header")
      }
      return (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    start = try number(10, 4)
    let header = try number(14, 4)
    let isCore = header == 12
    guard isCore || (40...124).contains(header) else {
      throw CodecError(reason: "a header of \(header) bytes is not read")
    }
    if isCore {
      (width, height, isTopDown) = (try number(18, 2), try number(20, 2), false)
    } else {
      width = Int(Int32(truncatingIfNeeded: try number(18, 4)))
      let rows = Int(Int32(truncatingIfNeeded: try number(22, 4)))
      (height, isTopDown) = (abs(rows), rows < 0)
    }
    if let refusal = Image.refusal(width: width, height: height) { throw CodecError(reason: refusal) }
    bits = try number(isCore ? 24 : 28, 2)
    guard [1, 4, 8, 16, 24, 32].contains(bits) else {
      throw CodecError(reason: "pixels of \(bits) bits are not read")
    }
    let compression = isCore ? 0 : try number(30, 4)
    let hasFields = (compression == 3 || compression == 6) && (bits == 16 || bits == 32)
    guard compression == 0 || hasFields else {
      let names = [1: "run lengths of 8 bits", 2: "run lengths of 4 bits", 4: "JPEG", 5: "PNG"]
      throw CodecError(
        reason:
          "BMP compressed by \(names[compression] ?? "method \(compression)") is not read; save it as PNG")
    }
    var found: [UInt32] = []
    for index in 0..<3 where hasFields {
      found.append(UInt32(truncatingIfNeeded: try number(54 + 4 * index, 4)))
    }
    masks = hasFields ? found : bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF]
    guard masks.allSatisfy({ $0 != 0 }) else { throw CodecError(reason: "a colour has no bits") }
    var colors: [[UInt8]] = []
    if bits <= 8 {
      let stated = isCore ? 0 : try number(46, 4)
      let count = (1...1 << bits).contains(stated) ? stated : 1 << bits
      let size = isCore ? 3 : 4
      for entry in 0..<count {
        let place = 14 + header + size * entry
        colors.append([
          UInt8(try number(place + 2, 1)), UInt8(try number(place + 1, 1)), UInt8(try number(place, 1)),
        ])
      }
    }
    palette = colors
  }

  /// The number of every pixel, from the top: a position in the palette or the bits of a colour.
  func pixels(_ bytes: Span<UInt8>) throws(CodecError) -> [UInt32] {
    let stride = (width * bits + 31) / 32 * 4
    guard start >= 0, stride * height <= bytes.count - start else {
      throw CodecError(
        reason: "the pixels take \(stride * height) bytes, the file has \(max(bytes.count - start, 0))")
    }
    var result: [UInt32] = []
    result.reserveCapacity(width * height)
    for row in 0..<height {
      let line = start + (isTopDown ? row : height - 1 - row) * stride
      for column in 0..<width {
        var pixel: UInt32
        if bits < 8 {
          let bit = column * bits
          pixel = UInt32(bytes[line + bit / 8]) >> UInt32(8 - bits - bit % 8) & UInt32((1 << bits) - 1)
        } else {
          pixel = 0
          let size = bits / 8
          for byte in 0..<size { pixel |= UInt32(bytes[line + column * size + byte]) << UInt32(8 * byte) }
        }
        guard bits > 8 || Int(pixel) < palette.count else {
          throw CodecError(reason: "a pixel has the colour \(pixel) of a palette of \(palette.count)")
        }
        result.append(pixel)
      }
    }
    return result
  }

  /// Red, green and blue of a pixel.
  func color(of pixel: UInt32) -> [UInt8] {
    guard bits > 8 else { return palette[Int(pixel)] }
    return masks.map { mask in
      let largest = mask >> UInt32(mask.trailingZeroBitCount)
      let level = (pixel & mask) >> UInt32(mask.trailingZeroBitCount)
      return UInt8((UInt64(level) * 255 + UInt64(largest) / 2) / UInt64(largest))
    }
  }
}
