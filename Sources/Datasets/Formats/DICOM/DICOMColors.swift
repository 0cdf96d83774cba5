/// Colours of a DICOM frame as red, green and blue.
enum DICOMColors {
  /// The frame as an image; nil for grey ones.
  ///
  /// - Throws: for colours that are not read.
  static func image(_ root: DICOMDataSet, frame: Int, _ pixels: DICOMPixels) throws(CodecError) -> Image? {
    switch pixels.photometric {
    case "MONOCHROME1", "MONOCHROME2":
      guard pixels.samples == 1 else {
        throw CodecError(reason: "\(pixels.photometric) has \(pixels.samples) samples per pixel")
      }
      return nil
    case "PALETTE COLOR": return try palette(root, pixels.values(ofFrame: frame), pixels)
    case "RGB", "YBR_FULL", "YBR_FULL_422":
      guard pixels.samples == 3 else {
        throw CodecError(reason: "\(pixels.photometric) has \(pixels.samples) samples per pixel")
      }
      guard !pixels.isSigned, pixels.bitsStored <= 16 else {
        throw CodecError(reason: "colours that are signed or have more than 16 bits are not read")
      }
      let values = pixels.values(ofFrame: frame)
      let isRGB = pixels.photometric == "RGB"
      guard isRGB || pixels.bitsStored == 8 else {
        throw CodecError(reason: "\(pixels.photometric) of \(pixels.bitsStored) bits is not read")
      }
      if pixels.bitsStored == 8 {
        return Image(
          width: pixels.width, height: pixels.height, channels: 3,
          bytes: isRGB ? values.map { UInt8(truncatingIfNeeded: $0) } : red(fromYBR: values))
      }
      let largest = Float((1 << pixels.bitsStored) - 1)
      return Image(
        width: pixels.width, height: pixels.height, channels: 3, floats: values.map { Float($0) / largest })
    default:
      throw CodecError(reason: "the photometric interpretation \(pixels.photometric) is not read")
    }
  }

  /// Red, green and blue of YBR_FULL (PS3.3, C.7.6.3.1.2).
  private static func red(fromYBR values: [Int32]) -> [UInt8] {
    func byte(_ value: Double) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
    var result: [UInt8] = []
    result.reserveCapacity(values.count)
    for start in stride(from: 0, to: values.count, by: 3) {
      let (luma, blue, red) = (
        Double(values[start]), Double(values[start + 1]) - 128, Double(values[start + 2]) - 128
      )
      result.append(byte(luma + 1.402 * red))
      result.append(byte(luma - 0.344136 * blue - 0.714136 * red))
      result.append(byte(luma + 1.772 * blue))
    }
    return result
  }

  private static let tables = [
    (descriptor: DICOMTag(0x0028, 0x1101), data: DICOMTag(0x0028, 0x1201)),
    (descriptor: DICOMTag(0x0028, 0x1102), data: DICOMTag(0x0028, 0x1202)),
    (descriptor: DICOMTag(0x0028, 0x1103), data: DICOMTag(0x0028, 0x1203)),
  ]

  /// Colours of a palette, of 16 bits the upper eight.
  private static func palette(_ root: DICOMDataSet, _ values: [Int32], _ pixels: DICOMPixels)
    throws(CodecError)
    -> Image
  {
    guard root.bytes(DICOMTag(0x0028, 0x1221)) == nil else {
      throw CodecError(reason: "palettes in segments are not read")
    }
    var colors: [[UInt8]] = []
    let (least, largest) = (Int(values.min() ?? 0), Int(values.max() ?? 0))
    for place in tables {
      let table = try DICOMTable(
        root, descriptor: place.descriptor, data: place.data, isSigned: pixels.isSigned)
      colors.append(
        (least...largest).map {
          UInt8(truncatingIfNeeded: table.bits > 8 ? table.entry(of: $0) >> 8 : table.entry(of: $0))
        })
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(3 * values.count)
    for value in values { for color in colors { bytes.append(color[Int(value) - least]) } }
    return Image(width: pixels.width, height: pixels.height, channels: 3, bytes: bytes)
  }
}
