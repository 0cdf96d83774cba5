import Tensors

/// One field of an encoded message.
struct WireField {
  /// How the content is encoded; groups are refused.
  enum Encoding: UInt8 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }
  // Narrow, for there may be a million fields in a message.
  private let code: UInt32
  private let headerLength: UInt8
  let encoding: Encoding
  private let start: Int
  private let end: Int

  /// A field of a number, which must be one of protobuf's, with its tag and length before the content.
  init(number: Int, encoding: Encoding, start: Int, content: Range<Int>) {
    code = UInt32(number)
    headerLength = UInt8(content.lowerBound - start)
    self.encoding = encoding
    self.start = start
    end = content.upperBound
  }

  /// Field number in the schema.
  var number: Int { Int(code) }
  /// The whole field with its tag.
  var range: Range<Int> { start..<end }
  /// The content without tag and length.
  var content: Range<Int> { start + Int(headerLength)..<end }
}

/// Walks the fields of one message in protobuf's wire format; every length is checked before use.
///
/// Source: protobuf's encoding specification.
struct WireCursor {
  private let storage: Storage
  private var position: Int
  private let end: Int
  /// The number of the field that was read last, or begun: where a fault lies.
  private(set) var number: Int?

  /// A cursor at the first field of a message.
  ///
  /// The range must lie in the storage.
  init(_ storage: Storage, _ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= storage.byteCount, "message outside its storage")
    self.storage = storage
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(FormatError) -> WireField? {
    guard position < end else { return nil }
    let start = position
    number = nil
    let tag = try varint()
    guard let encoding = WireField.Encoding(rawValue: UInt8(tag & 7)) else {
      throw fault(at: start, "wire type \(tag & 7), which ONNX does not use")
    }
    guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw fault(at: start, "field number \(tag >> 3)") }
    number = Int(tag >> 3)
    let contentStart: Int
    let length: UInt64
    switch encoding {
    case .varint:
      contentStart = position
      _ = try varint()
      length = UInt64(position - contentStart)
      position = contentStart
    case .fixed64:
      contentStart = position
      length = 8
    case .fixed32:
      contentStart = position
      length = 4
    case .bytes:
      length = try varint()
      contentStart = position
    }
    guard length <= UInt64(end - contentStart) else {
      throw fault(
        at: start, "field \(tag >> 3) holds \(length) bytes, of which \(end - contentStart) are there")
    }
    position = contentStart + Int(length)
    return WireField(
      number: Int(tag >> 3), encoding: encoding, start: start, content: contentStart..<position)
  }

  /// How many varints are left, unless one of them runs past the end: those of a packed field.
  func countVarints() -> Int {
    var count = 0
    for offset in position..<end where unsafe storage.base.load(fromByteOffset: offset, as: UInt8.self) < 0x80
    {
      count += 1
    }
    return count
  }

  /// The next varint, or nil at the end: an element of a packed field.
  mutating func nextVarint() throws(FormatError) -> UInt64? {
    guard position < end else { return nil }
    return try varint()
  }

  private mutating func varint() throws(FormatError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard position < end else { throw fault(at: start, "an integer that runs past the end of its message") }
      let byte = unsafe storage.base.load(fromByteOffset: position, as: UInt8.self)
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      guard byte & 0x80 != 0 else {
        guard shift < 63 || byte <= 1 else { break }
        return value
      }
    }
    throw fault(at: start, "an integer of more than 64 bits")
  }

  private func fault(at offset: Int, _ found: String) -> FormatError {
    FormatError("not a valid protobuf message: \(found) at byte \(offset)")
  }
}

extension Storage {
  /// A copy of a range of bytes.
  func bytes(_ range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range outside its storage")
    return unsafe [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }
}

/// Appends a number in protobuf's variable length.
func appendVarint(_ value: UInt64, to bytes: inout [UInt8]) {
  var rest = value
  while rest >= 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
    rest >>= 7
  }
  bytes.append(UInt8(rest))
}
