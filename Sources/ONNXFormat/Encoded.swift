import Glibc
import Graphs
import Tensors

/// Encoded bytes that may lie in several places: new ones in memory, unchanged ones and payloads where they are.
struct Encoded {
  /// A stretch of bytes.
  enum Piece {
    case bytes([UInt8])
    case stored(Storage, Range<Int>)
  }
  private(set) var pieces: [Piece] = []
  /// Sum of the pieces' bytes.
  private(set) var byteCount = 0

  /// No bytes.
  init() {}

  /// Bytes in memory.
  init(_ bytes: [UInt8]) { append(.bytes(bytes)) }

  /// Bytes that stay where they are.
  init(_ source: SourceBytes) { append(.stored(source.storage, source.range)) }

  /// Appends a stretch; small neighbours in memory grow together.
  mutating func append(_ piece: Piece) {
    switch (pieces.last, piece) {
    case (_, .bytes(let bytes)) where bytes.isEmpty: return
    case (_, .stored(_, let range)) where range.isEmpty: return
    case (.bytes(let before), .bytes(let bytes)) where before.count < 4096:
      pieces[pieces.count - 1] = .bytes(before + bytes)
      byteCount += bytes.count
    case (_, .bytes(let bytes)):
      pieces.append(piece)
      byteCount += bytes.count
    case (_, .stored(_, let range)):
      pieces.append(piece)
      byteCount += range.count
    }
  }

  /// All bytes in one place.
  func collected() throws(StorageError) -> Storage {
    let storage = try Storage(byteCount: byteCount)
    var offset = 0
    for piece in pieces {
      switch piece {
      case .bytes(let bytes):
        unsafe bytes.withUnsafeBytes { source in
          if let start = source.baseAddress { unsafe memcpy(storage.base + offset, start, source.count) }
        }
        offset += bytes.count
      case .stored(let source, let range):
        unsafe memcpy(storage.base + offset, source.base + range.lowerBound, range.count)
        offset += range.count
      }
    }
    return storage
  }

  /// Appends other bytes.
  mutating func append(_ other: Encoded) {
    for piece in other.pieces { append(piece) }
  }
}

/// Collects the fields of one message and puts them in order.
struct FieldCollection {
  private var fields: [(number: Int, encoded: Encoded)] = []

  /// Adds a nested message, a text or a byte string.
  mutating func add(_ number: Int, _ content: Encoded) {
    var header: [UInt8] = []
    appendVarint(UInt64(number) << 3 | UInt64(WireField.Encoding.bytes.rawValue), to: &header)
    appendVarint(UInt64(content.byteCount), to: &header)
    var encoded = Encoded(header)
    encoded.append(content)
    fields.append((number, encoded))
  }

  /// Adds fields that are encoded already.
  mutating func add(fieldsIn bytes: Storage) throws(FormatError) {
    var cursor = WireCursor(bytes, 0..<bytes.byteCount)
    while let field = try cursor.next() {
      fields.append((field.number, Encoded(bytes.bytes(field.range))))
    }
  }

  /// Adds fields that were kept as they stood in a file.
  mutating func add(fieldsIn unknown: UnknownFields) throws(FormatError) {
    guard !unknown.isEmpty else { return }
    try add(fieldsIn: Storage(copying: unknown))
  }

  /// All fields: in the given order of numbers first, then by number; fields of one number keep their order.
  func joined(order: [Int] = []) -> Encoded {
    var joined = Encoded()
    let ranks = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
    let keys = fields.enumerated().map { offset, field in
      (rank: ranks[field.number] ?? .max, number: field.number, offset: offset)
    }
    for key in keys.sorted(by: <) { joined.append(fields[key.offset].encoded) }
    return joined
  }
}

extension Storage {
  /// New storage with a copy of some bytes.
  convenience init(copying bytes: [UInt8]) throws(FormatError) {
    do {
      try self.init(byteCount: bytes.count)
    } catch {
      throw FormatError("not enough memory for \(error.byteCount) bytes", code: .workFailed)
    }
    guard !bytes.isEmpty else { return }
    unsafe UnsafeMutableRawBufferPointer(start: base, count: bytes.count).copyBytes(from: bytes)
  }
}
