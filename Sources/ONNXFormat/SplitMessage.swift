import Graphs
import Tensors

/// A message taken apart: nested messages and payloads by their place in the file, the rest for protobuf-c.
///
/// The rest holds no field that the schema does not know, each field is encoded as the schema says, and nothing in it is
/// nested deeper than `depthLimit`, so that protobuf-c, which has no such limit of its own, cannot be driven into a stack
/// overflow. What is found is counted by the census of the model.
struct SplitMessage {
  /// How deep messages may be nested in one another; libprotobuf refuses more than 100.
  static let depthLimit = 64
  /// How many numbers, texts and byte strings one message may hold; protobuf-c takes some forty bytes for each.
  static let fieldLimit = 1_000_000

  /// The message's place.
  let source: SourceBytes
  /// The fields that were asked for, in the file's order.
  private(set) var cut: [WireField] = []
  /// Fields that the schema does not know.
  private(set) var unknown: UnknownFields = []
  /// Field numbers in the order of their first occurrence.
  private(set) var fieldOrder: [Int] = []
  private let descriptor: SchemaDescriptor
  private var rest: [Range<Int>] = []

  /// Takes a message apart.
  ///
  /// - Parameters:
  ///   - cutting: numbers of the fields to cut out.
  ///   - walking: numbers of lists of numbers that are neither cut out nor in the rest: see `forEachField`.
  ///   - depth: how many messages enclose this one.
  ///   - census: counts what is found; nil where that was counted before.
  init(
    _ source: SourceBytes, _ descriptor: SchemaDescriptor, cutting: FieldSet, walking: FieldSet = [],
    depth: Int, census: Census?
  ) throws(FormatError) {
    self.source = source
    self.descriptor = descriptor
    try SplitMessage.check(depth: depth, at: source.range.lowerBound, descriptor)
    var seen: FieldSet = []
    var seenLarge: Set<Int> = []
    var scan = FieldScan(descriptor, census)
    var cursor = WireCursor(source.storage, source.range)
    while let field = try cursor.next(in: descriptor) {
      if field.number < 64 ? seen.insert(field.number) : seenLarge.insert(field.number).inserted {
        fieldOrder.append(field.number)
      }
      if walking.contains(field.number) { continue }
      let isCut = cutting.contains(field.number)
      switch try scan.kind(of: field, isCut: isCut) {
      case .unknown:
        unknown += source.storage.bytes(field.range)
        continue
      case .message(let nested, _) where !isCut:
        try SplitMessage.check(source.storage, field.content, nested, depth: depth + 1, census)
      case .message, .plain: break
      }
      if isCut {
        cut.append(field)
      } else if let last = rest.last, last.upperBound == field.range.lowerBound {
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
    if rest.count == 1 {
      let bytes = unsafe UnsafeRawBufferPointer(
        start: source.storage.base + rest[0].lowerBound, count: rest[0].count)
      return try unsafe Message.decoding(bytes, body)
    }
    let bytes = rest.flatMap { source.storage.bytes($0) }
    return try unsafe bytes.withUnsafeBufferPointer { bytes throws(FormatError) in
      try unsafe Message.decoding(UnsafeRawBufferPointer(bytes), body)
    }
  }

  /// How many fields of a number were cut out.
  func count(_ number: Int) -> Int { cut.reduce(0) { $0 + ($1.number == number ? 1 : 0) } }

  /// The cut fields of one number as places of messages or byte strings.
  func contents(_ number: Int) throws(FormatError) -> [SourceBytes] {
    var contents: [SourceBytes] = []
    contents.reserveCapacity(count(number))
    for field in cut where field.number == number { contents.append(try content(field)) }
    return contents
  }

  /// The place of the message or byte string that a cut field holds.
  func content(_ field: WireField) throws(FormatError) -> SourceBytes {
    guard field.encoding == .bytes else { throw SplitMessage.wrongType(field, in: descriptor) }
    return SourceBytes(storage: source.storage, range: field.content)
  }

  /// The cut field of a number that may occur once.
  func content(_ number: Int) throws(FormatError) -> SourceBytes? {
    let all = try contents(number)
    guard all.count <= 1 else {
      let name = descriptor.name(of: number)
      throw FormatError(
        "\(name) is there \(all.count) times where one may stand (byte \(all[1].range.lowerBound))",
        field: name)
    }
    return all.first
  }

  /// The cut fields as they stand in the file, tags included, without those of the given numbers.
  func rawFields(except numbers: FieldSet = []) -> [UInt8] {
    cut.filter { !numbers.contains($0.number) }.flatMap { source.storage.bytes($0.range) }
  }

  /// Walks the fields of one number, which need not have been cut out.
  func forEachField(_ number: Int, _ body: (WireField) throws(FormatError) -> Void) throws(FormatError) {
    guard fieldOrder.contains(number) else { return }
    var cursor = WireCursor(source.storage, source.range)
    while let field = try cursor.next(in: descriptor) {
      if field.number == number { try body(field) }
    }
  }

  private static func check(
    _ storage: Storage, _ range: Range<Int>, _ descriptor: SchemaDescriptor, depth: Int, _ census: Census?
  ) throws(FormatError) {
    try check(depth: depth, at: range.lowerBound, descriptor)
    var scan = FieldScan(descriptor, census)
    var cursor = WireCursor(storage, range)
    while let field = try cursor.next(in: descriptor) {
      guard case .message(let nested, _) = try scan.kind(of: field, isCut: false) else { continue }
      try check(storage, field.content, nested, depth: depth + 1, census)
    }
  }

  private static func check(
    depth: Int, at offset: Int, _ descriptor: SchemaDescriptor
  ) throws(FormatError) {
    guard depth <= depthLimit else {
      throw FormatError(
        "messages are nested more than \(depthLimit) deep at byte \(offset)", field: descriptor.name)
    }
  }

  /// The error for a field that is encoded in another way than the schema says.
  static func wrongType(_ field: WireField, in descriptor: SchemaDescriptor) -> FormatError {
    let name = descriptor.name(of: field.number)
    let expected =
      switch descriptor.field(field.number) {
      case .plain(.varint, _): "an integer"
      case .plain(.fixed32, _): "a float"
      case .plain(.fixed64, _): "a double"
      case .plain(.bytes, _): "a text or byte string"
      case .message, .unknown: "a message or byte string"
      }
    return FormatError(
      "\(name) at byte \(field.range.lowerBound) is not encoded as \(expected)", field: name)
  }
}

/// Checks the fields of one message against the schema, one after the other.
private struct FieldScan {
  private let descriptor: SchemaDescriptor
  private let census: Census?
  private var single: FieldSet = []
  private var plainCount = 0

  init(_ descriptor: SchemaDescriptor, _ census: Census?) {
    self.descriptor = descriptor
    self.census = census
  }

  /// What the schema says about a field, which must fit and is counted.
  mutating func kind(of field: WireField, isCut: Bool) throws(FormatError) -> SchemaDescriptor.Field {
    let kind = descriptor.field(field.number)
    switch kind {
    case .unknown:
      try census?.count(unknown: field, of: descriptor)
    case .plain(let encoding, let isRepeated):
      let isPacked = isRepeated && field.encoding == .bytes
      guard field.encoding == encoding || isPacked else {
        throw SplitMessage.wrongType(field, in: descriptor)
      }
      if encoding == .bytes, isRepeated || !isCut { try census?.count(textIn: field, of: descriptor) }
      if isRepeated, encoding == .bytes {
        try census?.count(stringIn: field, of: descriptor)
      } else {
        // A packed number takes one byte at least, and those that are cut out do not go through protobuf-c.
        plainCount += isPacked && !isCut ? max(1, field.content.count) : 1
      }
      guard plainCount <= SplitMessage.fieldLimit else {
        throw FormatError(
          "a \(descriptor.name) holds more than \(SplitMessage.fieldLimit) fields, which is the limit (byte \(field.range.lowerBound))",
          field: descriptor.name(of: field.number))
      }
    case .message(let nested, let isRepeated):
      guard field.encoding == .bytes else { throw SplitMessage.wrongType(field, in: descriptor) }
      try census?.count(message: nested, in: field, of: descriptor)
      // Protobuf would merge the two, which no writer counts on and which takes quadratic time.
      guard isRepeated || isCut || single.insert(field.number) else {
        let name = descriptor.name(of: field.number)
        throw FormatError(
          "\(name) is there twice where one may stand (byte \(field.range.lowerBound))", field: name)
      }
    }
    return kind
  }
}

extension WireCursor {
  /// The next field of a message of the schema; a fault names the field.
  fileprivate mutating func next(in descriptor: SchemaDescriptor) throws(FormatError) -> WireField? {
    do throws(FormatError) {
      return try next()
    } catch {
      throw error.located(field: number.map(descriptor.name(of:)) ?? descriptor.name)
    }
  }
}
