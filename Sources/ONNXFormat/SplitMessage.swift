import Graphs
import Tensors

/// A message taken apart: nested messages and payloads by their place in the file, the rest for protobuf-c.
///
/// The rest holds no field that the schema does not know, and nothing in it is nested deeper than `depthLimit`,
/// so that protobuf-c, which has no such limit of its own, cannot be driven into a stack overflow.
struct SplitMessage {
  /// How deep messages may be nested in one another; libprotobuf refuses more than 100.
  static let depthLimit = 64

  /// The message's place.
  let source: SourceBytes
  /// The fields that were asked for, in the file's order.
  private(set) var cut: [WireField] = []
  /// Fields that the schema does not know.
  private(set) var unknown: UnknownFields = []
  /// Field numbers in the order of their first occurrence.
  private(set) var fieldOrder: [Int] = []
  private var rest: [Range<Int>] = []

  /// Takes a message apart.
  ///
  /// - Parameters:
  ///   - cutting: numbers of the fields to cut out, all below 64.
  ///   - depth: how many messages enclose this one.
  init(
    _ source: SourceBytes, _ descriptor: SchemaDescriptor, cutting: Set<Int>, depth: Int
  ) throws(FormatError) {
    self.source = source
    try SplitMessage.check(depth: depth, at: source.range.lowerBound)
    let cuts = cutting.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
    var seen: UInt64 = 0
    var cursor = WireCursor(source.storage, source.range)
    while let field = try cursor.next() {
      if field.number >= 64 {
        if !fieldOrder.contains(field.number) { fieldOrder.append(field.number) }
      } else if seen & 1 << UInt64(field.number) == 0 {
        seen |= 1 << UInt64(field.number)
        fieldOrder.append(field.number)
      }
      if field.number < 64, cuts & 1 << UInt64(field.number) != 0 {
        cut.append(field)
        continue
      }
      switch descriptor.field(field.number) {
      case .unknown:
        unknown += source.storage.bytes(field.range)
        continue
      case .plain: break
      case .message(let nested):
        guard field.encoding == .bytes else { throw SplitMessage.wrongType(field, in: descriptor) }
        try SplitMessage.check(source.storage, field.content, nested, depth: depth + 1)
      }
      if let last = rest.last, last.upperBound == field.range.lowerBound {
        rest[rest.count - 1] = last.lowerBound..<field.range.upperBound
      } else {
        rest.append(field.range)
      }
    }
  }

  /// Decodes what was not cut out.
  func decoding<Message: SchemaMessage, Result>(
    _ type: Message.Type, _ body: (UnsafePointer<Message>) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    do throws(FormatError) {
      if rest.count == 1 {
        let bytes = unsafe UnsafeRawBufferPointer(
          start: source.storage.base + rest[0].lowerBound, count: rest[0].count)
        return try unsafe Message.decoding(bytes, body)
      }
      let bytes = rest.flatMap { source.storage.bytes($0) }
      return try unsafe bytes.withUnsafeBufferPointer { bytes throws(FormatError) in
        try unsafe Message.decoding(UnsafeRawBufferPointer(bytes), body)
      }
    } catch {
      guard error.field == nil, error.node == nil, error.tensor == nil else { throw error }
      throw FormatError(
        error.message + " in the message at byte \(source.range.lowerBound)", code: error.failureCode)
    }
  }

  /// The cut fields of one number as places of messages or byte strings.
  func contents(_ number: Int, of descriptor: SchemaDescriptor) throws(FormatError) -> [SourceBytes] {
    var contents: [SourceBytes] = []
    for field in cut where field.number == number {
      guard field.encoding == .bytes else { throw SplitMessage.wrongType(field, in: descriptor) }
      contents.append(SourceBytes(storage: source.storage, range: field.content))
    }
    return contents
  }

  /// The cut field of a number that may occur once.
  func content(_ number: Int, of descriptor: SchemaDescriptor) throws(FormatError) -> SourceBytes? {
    let all = try contents(number, of: descriptor)
    guard all.count <= 1 else {
      throw FormatError(
        "\(descriptor.name) has \(all.count) fields \(number) where one may stand (byte \(all[1].range.lowerBound))"
      )
    }
    return all.first
  }

  /// The cut fields as they stand in the file, tags included, without those of the given numbers.
  func rawFields(except numbers: Set<Int> = []) -> [UInt8] {
    cut.filter { !numbers.contains($0.number) }.flatMap { source.storage.bytes($0.range) }
  }

  private static func check(
    _ storage: Storage, _ range: Range<Int>, _ descriptor: SchemaDescriptor, depth: Int
  ) throws(FormatError) {
    try check(depth: depth, at: range.lowerBound)
    var cursor = WireCursor(storage, range)
    while let field = try cursor.next() {
      guard case .message(let nested) = descriptor.field(field.number) else { continue }
      guard field.encoding == .bytes else { throw wrongType(field, in: descriptor) }
      try check(storage, field.content, nested, depth: depth + 1)
    }
  }

  private static func check(depth: Int, at offset: Int) throws(FormatError) {
    guard depth <= depthLimit else {
      throw FormatError("messages are nested more than \(depthLimit) deep at byte \(offset)")
    }
  }

  /// The error for a field that should hold a message or byte string but does not.
  static func wrongType(_ field: WireField, in descriptor: SchemaDescriptor) -> FormatError {
    FormatError(
      "field \(field.number) of \(descriptor.name) at byte \(field.range.lowerBound) is not encoded as a message or byte string"
    )
  }
}
