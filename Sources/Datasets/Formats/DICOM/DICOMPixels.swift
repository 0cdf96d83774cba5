import CGDCM

/// The stored values of a DICOM file's images.
struct DICOMPixels: Sendable {
  let width: Int
  let height: Int
  let frameCount: Int
  /// 1, or 3 for colours.
  let samples: Int
  /// How they are to be understood, such as `MONOCHROME2`.
  let photometric: String
  /// Whether values may be negative.
  let isSigned: Bool
  /// Bits that count.
  let bitsStored: Int
  private let bitsAllocated: Int
  private let shift: Int
  private let isPlanar: Bool
  private let is422: Bool
  private let bytes: [UInt8]

  /// Decodes the pixel data of a file.
  ///
  /// - Throws: where there are none, where there are fewer than the attributes say, or where their form is not read.
  init(of file: DICOMFile) throws(CodecError) {
    let root = file.root
    func required(_ tag: DICOMTag, _ name: String) throws(CodecError) -> Int {
      guard let value = root.word(tag) else {
        throw CodecError(reason: "the file holds no image (no \(name))", hint: Self.withoutImage)
      }
      return value
    }
    guard root.holds(.pixelData) else {
      throw CodecError(reason: "no pixel data (\(file.transferSyntax))", hint: Self.withoutImage)
    }
    let (rows, columns) = (try required(.rows, "Rows"), try required(.columns, "Columns"))
    if let refusal = Image.refusal(width: columns, height: rows) { throw CodecError(reason: refusal) }
    frameCount = Self.frameCount(of: root)
    guard (1...ImageFormats.frameLimit).contains(frameCount) else {
      throw CodecError(reason: "the file claims \(frameCount) frames")
    }
    let found: (format: cgdcm_pixel_format, bytes: [UInt8])
    do throws(CodecError) { found = try file.pixels() } catch {
      throw CodecError(
        reason: "\(error.reason) (\(file.transferSyntax))", hint: "export the image without compression")
    }
    let format = found.format
    (width, height, bytes) = (columns, rows, found.bytes)
    if format.is_native != 0 {
      samples = root.word(.samplesPerPixel) ?? 1
      bitsAllocated = try required(.bitsAllocated, "BitsAllocated")
      bitsStored = root.word(.bitsStored) ?? bitsAllocated
      let highBit = root.word(.highBit) ?? bitsStored - 1
      isSigned = root.word(.pixelRepresentation) == 1
      isPlanar = root.word(.planarConfiguration) == 1
      photometric = root.text(.photometricInterpretation) ?? "MONOCHROME2"
      shift = highBit + 1 - bitsStored
    } else {
      guard Int(format.columns) == columns, Int(format.rows) == rows, Int(format.frames) == frameCount else {
        throw CodecError(
          reason: "the decoded image is \(format.columns)×\(format.rows) pixels in \(format.frames) frames, "
            + "the attributes say \(columns)×\(rows) in \(frameCount)")
      }
      samples = Int(format.samples_per_pixel)
      (bitsAllocated, bitsStored) = (Int(format.bits_allocated), Int(format.bits_stored))
      isSigned = format.is_signed != 0
      isPlanar = format.is_planar != 0
      shift = Int(format.high_bit) + 1 - Int(format.bits_stored)
      // JPEG 2000 turns its own colours back to RGB.
      let stated = root.text(.photometricInterpretation) ?? "MONOCHROME2"
      photometric = ["YBR_ICT", "YBR_RCT"].contains(stated) ? "RGB" : stated
    }
    // Compressed colours come with all their samples.
    is422 = format.is_native != 0 && photometric == "YBR_FULL_422"
    try check(isNative: format.is_native != 0)
  }

  /// What to do with reports, plans and directories, which are DICOM files as well.
  private static let withoutImage = "leave the file out: it holds no image"

  /// How many images the attributes tell of.
  static func frameCount(of root: DICOMDataSet) -> Int {
    root.decimals(.numberOfFrames).first.flatMap { Int(exactly: $0) } ?? 1
  }

  private func check(isNative: Bool) throws(CodecError) {
    guard samples == 1 || samples == 3 else {
      throw CodecError(reason: "images of \(samples) samples per pixel are not read")
    }
    guard [1, 8, 16, 32].contains(bitsAllocated), bitsAllocated > 1 || samples == 1,
      (1...bitsAllocated).contains(bitsStored), shift >= 0, shift + bitsStored <= bitsAllocated
    else {
      throw CodecError(
        reason: "samples of \(bitsStored) bits in \(bitsAllocated) (shifted by \(shift)) are not read")
    }
    guard !is422 || width % 2 == 0 && bitsAllocated == 8 && !isPlanar else {
      throw CodecError(reason: "YBR_FULL_422 of \(width) columns and \(bitsAllocated) bits is not read")
    }
    let wanted = (frameCount * frameBits + 7) / 8
    guard bytes.count >= wanted else {
      throw CodecError(
        reason:
          "\(DatasetNote.counted(frameCount, "frame")) of \(width)×\(height) pixels take \(wanted) bytes, the pixel data have \(bytes.count)"
      )
    }
  }

  /// Bits of a frame as it is stored; frames of 1 bit follow each other without a gap.
  private var frameBits: Int { width * height * (is422 ? 2 : samples) * bitsAllocated }

  /// The stored values of a frame, the samples of a pixel side by side; YBR_FULL_422 with all three for each pixel.
  func values(ofFrame frame: Int) -> [Int32] {
    if bitsAllocated == 1 {
      let first = frame * frameBits
      return (first..<first + frameBits).map { Int32(bytes[$0 / 8] >> ($0 % 8) & 1) }
    }
    let size = bitsAllocated / 8
    let start = frame * frameBits / 8
    if is422 {
      var values: [Int32] = []
      values.reserveCapacity(3 * width * height)
      for pair in stride(from: start, to: start + frameBits / 8, by: 4) {
        for pixel in 0..<2 {
          values += [Int32(bytes[pair + pixel]), Int32(bytes[pair + 2]), Int32(bytes[pair + 3])]
        }
      }
      return values
    }
    let mask = bitsStored == 32 ? UInt32.max : (UInt32(1) << UInt32(bitsStored)) - 1
    let sign = UInt32(1) << UInt32(bitsStored - 1)
    let plane = width * height
    return (0..<plane * samples).map { position in
      let place = isPlanar ? position % samples * plane + position / samples : position
      var raw: UInt32 = 0
      for byte in 0..<size { raw |= UInt32(bytes[start + place * size + byte]) << UInt32(8 * byte) }
      let value = raw >> UInt32(shift) & mask
      return Int32(bitPattern: isSigned && value & sign != 0 ? value | ~mask : value)
    }
  }
}
