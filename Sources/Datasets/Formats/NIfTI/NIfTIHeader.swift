import Glibc

/// The header of a NIfTI-1 or NIfTI-2 file, of either byte order.
package struct NIfTIHeader: Sendable, Equatable {
  /// How a voxel is stored.
  enum VoxelType: Int {
    case uint8 = 2
    case int16 = 4
    case int32 = 8
    case float32 = 16
    case float64 = 64
    case int8 = 256
    case uint16 = 512
    case uint32 = 768
    case int64 = 1024
    case uint64 = 1280

    /// Bytes of a voxel.
    var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16, .uint16: 2
      case .int32, .float32, .uint32: 4
      case .float64, .int64, .uint64: 8
      }
    }
  }

  /// The header as it stands in the file, 348 or 540 bytes.
  package let bytes: [UInt8]
  /// Whether it is NIfTI-2.
  let isSecond: Bool
  /// Whether numbers have their least significant byte first.
  let isLittleEndian: Bool
  /// Voxels along the first three axes.
  package let extents: [Int]
  /// Volumes, one after the other.
  package let volumeCount: Int
  /// How voxels are stored.
  let voxelType: VoxelType
  /// Where voxels start in the file.
  let dataOffset: Int
  /// What a stored number is multiplied by.
  let slope: Double
  /// What is added then.
  let intercept: Double
  /// Distances of voxels along the first three axes, in mm as a rule.
  package let spacing: [Double]
  /// How voxels lie in the patient.
  package let orientation: VolumeOrientation

  /// Bytes that the longer header takes.
  static let longest = 540
  /// Bytes of a volume that are believed.
  static let volumeLimit = 2 << 30
  /// Bytes of all volumes that are believed.
  static let fileLimit = 64 << 30

  /// Reads the start of a file.
  ///
  /// - Throws: where it is no header, or one whose numbers cannot be.
  package init(_ start: [UInt8]) throws(CodecError) {
    guard start.count >= 348 else { throw CodecError(reason: "the file ends within its header") }
    let form: (isSecond: Bool, isLittleEndian: Bool)
    switch (start[0], start[1], start[2], start[3]) {
    case (0x5C, 1, 0, 0): form = (false, true)
    case (0, 0, 1, 0x5C): form = (false, false)
    case (0x1C, 2, 0, 0): form = (true, true)
    case (0, 0, 2, 0x1C): form = (true, false)
    default: throw CodecError(reason: "the header has no size of 348 or 540 bytes")
    }
    let isSecond = form.isSecond
    (self.isSecond, isLittleEndian) = form
    let count = isSecond ? Self.longest : 348
    guard start.count >= count else { throw CodecError(reason: "the file ends within its header") }
    let bytes = Array(start[..<count])
    self.bytes = bytes
    let fields = NIfTIFields(bytes: bytes, isLittleEndian: form.isLittleEndian)
    let magic = isSecond ? bytes[4..<7] : bytes[344..<347]
    guard magic.elementsEqual(Array((isSecond ? "n+2" : "n+1").utf8)) else {
      if magic.elementsEqual(Array((isSecond ? "ni2" : "ni1").utf8)) {
        throw CodecError(reason: "the voxels are in a file of their own (.img); convert both to one .nii")
      }
      throw CodecError(reason: "an Analyze or damaged header; convert it to NIfTI")
    }
    let dimensions = (0..<8).map {
      isSecond ? fields.integer64(at: 16 + 8 * $0) : fields.integer16(at: 40 + 2 * $0)
    }
    guard (1...7).contains(dimensions[0]) else {
      throw CodecError(reason: "the header claims \(dimensions[0]) dimensions, expected 1 … 7")
    }
    let used = (1...7).map { $0 <= dimensions[0] ? dimensions[$0] : 1 }
    guard used.allSatisfy({ (1...1 << 31).contains($0) }) else {
      throw CodecError(reason: "the header claims extents of \(used.map(String.init).joined(separator: "×"))")
    }
    let number = isSecond ? fields.integer16(at: 12) : fields.integer16(at: 70)
    guard let type = VoxelType(rawValue: number) else {
      let names = [
        32: "complex numbers", 128: "RGB", 1536: "128-bit floats", 1792: "complex numbers", 2304: "RGBA",
      ]
      let name = names[number].map { " (\($0))" } ?? ""
      throw CodecError(reason: "voxels of type \(number)\(name) are not read")
    }
    voxelType = type
    let extents = Array(used[..<3])
    self.extents = extents
    var volumes = 1
    for extent in used[3...] {
      let (product, overflow) = volumes.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 31 else {
        throw CodecError(reason: "the header claims too many volumes")
      }
      volumes = product
    }
    volumeCount = volumes
    let volume = extents.reduce(Double(type.size)) { $0 * Double($1) }
    guard volume <= Double(Self.volumeLimit), volume * Double(volumes) <= Double(Self.fileLimit) else {
      let text = used.prefix(max(dimensions[0], 3)).map(String.init).joined(separator: "×")
      throw CodecError(
        reason:
          "the header claims \(text) voxels of \(type.size) bytes, more than the 2 GiB of a volume that are read"
      )
    }
    func real(_ first: Int, _ second: Int) -> Double {
      isSecond ? fields.float64(at: second) : fields.float32(at: first)
    }
    let offset = isSecond ? Double(fields.integer64(at: 168)) : fields.float32(at: 108)
    guard offset >= Double(count), offset <= Double(Self.fileLimit) else {
      throw CodecError(reason: "the header says that voxels start at byte \(offset)")
    }
    dataOffset = Int(offset)
    let (factor, shift) = (real(112, 176), real(116, 184))
    // A slope of 0 says that there is none.
    let isScaled = factor != 0 && factor.isFinite && shift.isFinite
    slope = isScaled ? factor : 1
    intercept = isScaled ? shift : 0
    spacing = (1...3).map { abs(real(76 + 4 * $0, 104 + 8 * $0)) }
    orientation = VolumeOrientation(NIfTIHeader.affine(fields, isSecond: isSecond))
  }

  /// Bytes of a volume.
  var volumeSize: Int { extents.reduce(voxelType.size, *) }

  /// Rows of a matrix from voxels to the patient's right, front and head: sform where its code is above 0, else qform, else the distances.
  private static func affine(_ fields: NIfTIFields, isSecond: Bool) -> [[Double]] {
    func real(_ first: Int, _ second: Int) -> Double {
      isSecond ? fields.float64(at: second) : fields.float32(at: first)
    }
    func code(_ first: Int, _ second: Int) -> Int {
      isSecond ? fields.integer32(at: second) : fields.integer16(at: first)
    }
    let distances = (0...3).map { real(76 + 4 * $0, 104 + 8 * $0) }
    if code(254, 348) > 0 {
      return (0..<3).map { row in (0..<3).map { real(280 + 16 * row + 4 * $0, 400 + 32 * row + 8 * $0) } }
    }
    guard code(252, 344) > 0 else {
      return (0..<3).map { row in (0..<3).map { $0 == row ? distances[row + 1] : 0 } }
    }
    // NIfTI-1, "quaternion representation of rotation matrix".
    var (b, c, d) = (real(256, 352), real(260, 360), real(264, 368))
    var a = 1 - (b * b + c * c + d * d)
    if a < 1e-7 {
      let norm = (b * b + c * c + d * d).squareRoot()
      (a, b, c, d) = (0, b / norm, c / norm, d / norm)
    } else {
      a = a.squareRoot()
    }
    let rotation = [
      [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
      [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
      [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ]
    let scale = [distances[1], distances[2], distances[0] < 0 ? -distances[3] : distances[3]]
    return rotation.map { row in zip(row, scale).map(*) }
  }
}

/// Numbers at places of a header.
struct NIfTIFields {
  let bytes: [UInt8]
  let isLittleEndian: Bool

  private func bits(at place: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { result, index in
      result << 8 | UInt64(bytes[place + (isLittleEndian ? count - 1 - index : index)])
    }
  }

  func integer16(at place: Int) -> Int { Int(Int16(bitPattern: UInt16(bits(at: place, 2)))) }
  func integer32(at place: Int) -> Int { Int(Int32(bitPattern: UInt32(bits(at: place, 4)))) }
  func integer64(at place: Int) -> Int { Int(Int64(bitPattern: bits(at: place, 8))) }
  func float32(at place: Int) -> Double { Double(Float(bitPattern: UInt32(bits(at: place, 4)))) }
  func float64(at place: Int) -> Double { Double(bitPattern: bits(at: place, 8)) }
}
