/// How a stored image must be turned to stand upright; raw values are those of EXIF tag 274.
///
/// The name says where the first stored row and column lie in the upright image. Source: EXIF 2.32, 4.6.4.
package enum Orientation: Int, Sendable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case upsideDownMirrored = 4
  case leftTop = 5
  case rightTop = 6
  case rightBottom = 7
  case leftBottom = 8

  /// The samples in upright order with the upright extents.
  func turning<Sample>(_ samples: [Sample], width: Int, height: Int, channels: Int) -> (
    width: Int, height: Int, samples: [Sample]
  ) {
    let swapsAxes = rawValue >= 5
    let (newWidth, newHeight) = swapsAxes ? (height, width) : (width, height)
    var result: [Sample] = []
    result.reserveCapacity(samples.count)
    for row in 0..<newHeight {
      for column in 0..<newWidth {
        let (sourceRow, sourceColumn) =
          switch self {
          case .upright: (row, column)
          case .mirrored: (row, width - 1 - column)
          case .upsideDown: (height - 1 - row, width - 1 - column)
          case .upsideDownMirrored: (height - 1 - row, column)
          case .leftTop: (column, row)
          case .rightTop: (height - 1 - column, row)
          case .rightBottom: (height - 1 - column, width - 1 - row)
          case .leftBottom: (column, width - 1 - row)
          }
        let start = (sourceRow * width + sourceColumn) * channels
        result.append(contentsOf: samples[start..<start + channels])
      }
    }
    return (newWidth, newHeight, result)
  }
}

extension Orientation {
  /// The orientation that an EXIF block (a TIFF header with its first directory) names; upright where it names none.
  ///
  /// Every offset and count is checked against the block, and a damaged block counts as naming none.
  package init(exif block: [UInt8]) {
    self = Orientation.named(in: block) ?? .upright
  }

  private static func named(in block: [UInt8]) -> Orientation? {
    guard block.count >= 14 else { return nil }
    let isLittleEndian: Bool
    switch (block[0], block[1]) {
    case (0x49, 0x49): isLittleEndian = true
    case (0x4D, 0x4D): isLittleEndian = false
    default: return nil
    }
    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset <= block.count - count else { return nil }
      let bytes = block[offset..<offset + count]
      let ordered = isLittleEndian ? Array(bytes.reversed()) : Array(bytes)
      return ordered.reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
      let entries = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<entries {
      let start = directory + 2 + 12 * entry
      guard let tag = number(at: start, bytes: 2) else { return nil }
      guard tag == 274 else { continue }
      let short = 3
      guard number(at: start + 2, bytes: 2) == short, number(at: start + 4, bytes: 4) == 1 else { return nil }
      return number(at: start + 8, bytes: 2).flatMap { Orientation(rawValue: $0) }
    }
    return nil
  }
}
