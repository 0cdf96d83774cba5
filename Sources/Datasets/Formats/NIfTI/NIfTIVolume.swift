import Synchronization

/// The voxels of one volume.
final class NIfTIVolume: Sendable {
  let header: NIfTIHeader
  private let bytes: [UInt8]
  /// The values that become black and white where nobody says otherwise; nil until a slice is shown so, since all values are sorted
  /// for it, and masks and windows need none.
  private let shown = Mutex<(least: Double, largest: Double)?>(nil)

  /// Bytes behind the voxels that are believed to be a careless writer's.
  private static let slack = 4096

  /// Reads a volume of a file.
  ///
  /// - Throws: where the file has fewer or more bytes than its header says, or no such volume.
  init(_ file: Span<UInt8>, volume: Int) throws(CodecError) {
    let (header, bytes) = try unsafe file.withUnsafeBytes { content throws(CodecError) in
      try unsafe Self.read(content, volume)
    }
    (self.header, self.bytes) = (header, bytes)
  }

  /// The header of a file.
  static func header(of file: Span<UInt8>) throws(CodecError) -> NIfTIHeader {
    let start = try unsafe file.withUnsafeBytes { content throws(CodecError) in
      guard GzipStream.recognizes(file) else { return unsafe [UInt8](content.prefix(NIfTIHeader.longest)) }
      return try unsafe GzipStream(content).read(NIfTIHeader.longest)
    }
    return try NIfTIHeader(start)
  }

  private static func read(_ content: UnsafeRawBufferPointer, _ volume: Int) throws(CodecError) -> (
    NIfTIHeader, [UInt8]
  ) {
    let span = unsafe content.bindMemory(to: UInt8.self).span
    let header = try header(of: span)
    guard (0..<header.volumeCount).contains(volume) else {
      throw CodecError(
        reason:
          "the file holds \(header.volumeCount == 1 ? "one volume" : "volumes 0 … \(header.volumeCount - 1)"), "
          + "no volume \(volume)", hint: "--volume takes the number of a volume that every file holds, from 0"
      )
    }
    let size = header.volumeSize
    let total = size * header.volumeCount
    func lie(_ found: Int) -> CodecError {
      let extents = header.extents.map(String.init).joined(separator: "×")
      return CodecError(
        reason:
          "the header says \(extents) voxels in \(header.volumeCount) volume\(header.volumeCount == 1 ? "" : "s") "
          + "(\(total) bytes), the file has \(found > total ? "more" : "\(found) bytes")")
    }
    guard GzipStream.recognizes(span) else {
      let found = content.count - header.dataOffset
      guard found >= total, found <= total + slack else { throw lie(max(found, 0)) }
      let start = header.dataOffset + volume * size
      return unsafe (header, [UInt8](UnsafeRawBufferPointer(rebasing: content[start..<start + size])))
    }
    let stream = try unsafe GzipStream(content)
    _ = try stream.skip(header.dataOffset)
    let before = try stream.skip(volume * size)
    let bytes = try stream.read(size)
    let behind = try stream.skip(total - (volume + 1) * size + slack + 1)
    let found = before + bytes.count + behind
    guard bytes.count == size, found >= total, found <= total + slack else { throw lie(found) }
    return (header, bytes)
  }

  /// What a voxel's number stands for.
  func value(at voxel: Int) -> Double {
    let number = stored(at: voxel)
    return header.slope == 1 && header.intercept == 0 ? number : number * header.slope + header.intercept
  }

  private func stored(at voxel: Int) -> Double {
    let size = header.voxelType.size
    var bits: UInt64 = 0
    for index in 0..<size {
      bits = bits << 8 | UInt64(bytes[voxel * size + (header.isLittleEndian ? size - 1 - index : index)])
    }
    switch header.voxelType {
    case .uint8, .uint16, .uint32, .uint64: return Double(bits)
    case .int8: return Double(Int8(truncatingIfNeeded: bits))
    case .int16: return Double(Int16(truncatingIfNeeded: bits))
    case .int32: return Double(Int32(truncatingIfNeeded: bits))
    case .int64: return Double(Int64(bitPattern: bits))
    case .float32: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .float64: return Double(bitPattern: bits)
    }
  }

  /// The 0.5th and 99.5th percentile of the values above 0 (linear between neighbours), else the least and the largest value.
  private func shownRange() -> (least: Double, largest: Double) {
    let voxels = 0..<bytes.count / header.voxelType.size
    var values: [Float] = []
    values.reserveCapacity(voxels.count)
    var (least, largest) = (Double.infinity, -Double.infinity)
    for voxel in voxels {
      let value = value(at: voxel)
      guard value.isFinite else { continue }
      (least, largest) = (min(least, value), max(largest, value))
      if value > 0 { values.append(Float(value)) }
    }
    guard !values.isEmpty else { return least <= largest ? (least, largest) : (0, 0) }
    values.sort()
    func percentile(_ share: Double) -> Double {
      let place = share * Double(values.count - 1)
      let lower = Int(place)
      let upper = min(lower + 1, values.count - 1)
      return Double(values[lower]) + (place - Double(lower)) * (Double(values[upper]) - Double(values[lower]))
    }
    return (percentile(0.005), percentile(0.995))
  }

  /// The brightness from 0 to 1 of a voxel's value.
  func brightness(_ window: ImageReading.Window?) -> (_ voxel: Int) -> Float {
    if let window {
      return { voxel in
        let value = self.value(at: voxel)
        return value.isFinite ? Float(window.brightness(of: value)) : 0
      }
    }
    let (least, largest) = shown.withLock { shown in
      let range = shown ?? shownRange()
      shown = range
      return range
    }
    return { voxel in
      let value = self.value(at: voxel)
      guard value.isFinite else { return 0 }
      guard largest > least else { return value > 0 && value >= largest ? 1 : 0 }
      return Float(min(max((value - least) / (largest - least), 0), 1))
    }
  }
}
