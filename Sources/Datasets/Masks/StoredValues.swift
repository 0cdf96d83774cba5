/// The values of a file's pixels as they are stored: of a palette the positions in it.
package struct StoredValues: Sendable {
  /// Columns.
  package let width: Int
  /// Rows.
  package let height: Int
  /// One value per pixel, row by row.
  package let values: [UInt16]

  /// Values of so many pixels.
  package init(width: Int, height: Int, values: [UInt16]) {
    precondition(values.count == width * height, "\(values.count) values for \(width)×\(height)")
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// How many pixels have each value that occurs.
  var counts: [Int: Int] {
    var counts = [Int](repeating: 0, count: 65536)
    for value in values { counts[Int(value)] += 1 }
    var result: [Int: Int] = [:]
    for (value, count) in counts.enumerated() where count > 0 { result[value] = count }
    return result
  }

  /// The values of an image of one channel, or of three equal ones.
  ///
  /// - Throws: where it has colours, which mean no class.
  init(_ image: Image) throws(CodecError) {
    guard case .bytes(let bytes) = image.samples else {
      guard case .floats(let floats) = image.samples, image.channels == 1 else {
        throw CodecError(reason: "the mask has \(image.channels) channels, expected one value per pixel")
      }
      let values = floats.map { UInt16(clamping: Int(($0 * 65535).rounded())) }
      self.init(width: image.width, height: image.height, values: values)
      return
    }
    if image.channels == 1 {
      self.init(width: image.width, height: image.height, values: bytes.map(UInt16.init))
      return
    }
    let channels = image.channels
    var values: [UInt16] = []
    values.reserveCapacity(image.width * image.height)
    for start in stride(from: 0, to: bytes.count, by: channels) {
      guard (1..<channels).allSatisfy({ bytes[start + $0] == bytes[start] }) else {
        let color = (0..<channels).map { String(bytes[start + $0]) }.joined(separator: " ")
        throw CodecError(
          reason: "the mask is in colour (\(color)); save it with a palette or in grey, one value per class")
      }
      values.append(UInt16(bytes[start]))
    }
    self.init(width: image.width, height: image.height, values: values)
  }
}
