package import Tensors

/// A safetensors file: named tensors, mapped into memory, with a few texts.
///
/// Layout: 8 bytes little-endian header length, a JSON header padded with spaces to a multiple of 8, then the tensors without
/// gaps. The header is not trusted: every length, type, shape and offset is checked before use.
package struct SafeTensors: Sendable {
  /// One tensor with its name.
  package struct Entry: Sendable {
    package let name: String
    package let tensor: Tensor

    package init(name: String, tensor: Tensor) {
      (self.name, self.tensor) = (name, tensor)
    }
  }

  /// The tensors in the order of the file's data.
  package let entries: [Entry]
  /// The texts of `__metadata__` in the file's order.
  package let metadata: [(name: String, text: String)]
  private let positions: [String: Int]

  private init(entries: [Entry], metadata: [(name: String, text: String)]) {
    self.entries = entries
    self.metadata = metadata
    positions = Dictionary(uniqueKeysWithValues: zip(entries.map(\.name), entries.indices))
  }

  /// The tensor of a name.
  package subscript(name: String) -> Tensor? { positions[name].map { entries[$0].tensor } }

  /// The text of a metadata name.
  package func text(_ name: String) -> String? { metadata.first { $0.name == name }?.text }
}

extension SafeTensors {
  private static let headerLimit = 100_000_000

  /// Maps a file; the tensors are views of it.
  ///
  /// - Throws: an error that names the file, the tensor and what is wrong.
  package static func read(_ path: String) throws(FileError) -> SafeTensors {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch { throw .unreadable(error) }
    return try read(storage, named: path)
  }

  /// Reads a file that is already in memory.
  package static func read(_ storage: Storage, named path: String) throws(FileError) -> SafeTensors {
    guard storage.byteCount >= 8 else {
      throw .bad(path, "\(storage.byteCount) bytes are too few for a safetensors file")
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    let length = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard let headerLength = Int(exactly: length), headerLength <= min(headerLimit, bytes.count - 8) else {
      throw .bad(path, "the header claims \(length) bytes, the file has \(bytes.count - 8) after the length")
    }
    let header: JSONValue
    do {
      let text = unsafe [UInt8](bytes[8..<8 + headerLength])
      header = try JSONValue(parsing: text, limits: JSONValue.Limits(depth: 4, bytes: headerLimit))
    } catch { throw .bad(path, "the header is not valid JSON: \(error.message)") }
    guard let members = header.object?.members else {
      throw .bad(path, "the header is \(header.kind), expected an object")
    }

    var metadata: [(name: String, text: String)] = []
    var found: [(entry: Entry, range: Range<Int>)] = []
    for member in members {
      if member.key == "__metadata__" {
        metadata = try texts(member.value, path)
      } else {
        let place = try Place(member.value, of: member.key, dataStart: 8 + headerLength, in: storage, path)
        let tensor = Tensor(
          elementType: place.elementType, shape: place.shape, storage: storage,
          byteOffset: place.range.lowerBound)
        found.append((Entry(name: member.key, tensor: tensor), place.range))
      }
    }
    found.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var end = 8 + headerLength
    for (entry, range) in found {
      guard range.lowerBound == end else {
        let what = range.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
        throw .bad(path, "tensor '\(entry.name)' \(what)", tensor: entry.name)
      }
      end = range.upperBound
    }
    guard end == bytes.count else {
      throw .bad(path, "\(bytes.count - end) bytes at the end belong to no tensor")
    }
    return SafeTensors(entries: found.map(\.entry), metadata: metadata)
  }

  private static func texts(
    _ value: JSONValue, _ path: String
  ) throws(FileError) -> [(name: String, text: String)] {
    guard let members = value.object?.members else {
      throw .bad(path, "__metadata__ is \(value.kind), expected an object of strings")
    }
    var result: [(name: String, text: String)] = []
    for member in members {
      guard let text = member.value.string else {
        throw .bad(path, "__metadata__ '\(member.key)' is \(member.value.kind), expected a string")
      }
      result.append((member.key, text))
    }
    return result
  }
}

extension SafeTensors {
  /// Writes tensors and texts, atomically.
  ///
  /// The data are ordered by alignment (largest elements first), then by the bytes of the names, so that the same content
  /// gives the same file and every tensor is aligned to its element size.
  /// - Throws: an error for a name that occurs twice or is reserved, a type the format lacks, or what the system refuses.
  package static func write(
    _ entries: [Entry], metadata: [(name: String, text: String)] = [], to path: String
  ) throws {
    let ordered = entries.sorted { left, right in
      let (leftWidth, rightWidth) = (
        left.tensor.elementType.bitWidth ?? 0, right.tensor.elementType.bitWidth ?? 0
      )
      if leftWidth != rightWidth { return leftWidth > rightWidth }
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    var header = JSONObject()
    if !metadata.isEmpty {
      var texts = JSONObject()
      for (name, text) in metadata { texts[name] = .string(text) }
      header["__metadata__"] = .object(texts)
    }
    var offset = 0
    for entry in ordered {
      guard entry.name != "__metadata__", header[entry.name] == nil else {
        throw FileError(
          .internalBug, "the tensor name '\(entry.name)' is reserved or occurs twice", file: path,
          tensor: entry.name)
      }
      guard let type = names.first(where: { $0.type == entry.tensor.elementType })?.name else {
        throw FileError(
          .unsupported, "safetensors has no element type for \(entry.tensor.elementType.name)", file: path,
          tensor: entry.name)
      }
      header[entry.name] = [
        "dtype": .string(type), "shape": JSONValue(entry.tensor.shape.extents),
        "data_offsets": JSONValue([offset, offset + entry.tensor.byteCount]),
      ]
      offset += entry.tensor.byteCount
    }
    var text = Array(JSONValue.object(header).text().utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    try AtomicWrite.file(at: path) { writer in
      try writer.write((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) })
      try writer.write(text)
      for entry in ordered { try writer.write(entry.tensor) }
    }
  }

  /// The format's names of element types.
  fileprivate static let names: [(name: String, type: ElementType)] = [
    ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
    ("I32", .int32),
    ("I16", .int16), ("I8", .int8), ("U64", .uint64), ("U32", .uint32), ("U16", .uint16), ("U8", .uint8),
    ("BOOL", .bool), ("F8_E4M3", .float8e4m3fn), ("F8_E5M2", .float8e5m2), ("F8_E8M0", .float8e8m0),
    ("C64", .complex64),
  ]
}

/// Where a tensor lies in the file, checked.
private struct Place {
  let elementType: ElementType
  let shape: Shape
  let range: Range<Int>

  init(
    _ value: JSONValue, of name: String, dataStart: Int, in storage: Storage, _ path: String
  ) throws(FileError) {
    func bad(_ reason: String) -> FileError { .bad(path, "tensor '\(name)': \(reason)", tensor: name) }
    guard let typeName = value["dtype"]?.string else { throw bad("no dtype") }
    guard let type = SafeTensors.names.first(where: { $0.name == typeName })?.type else {
      throw bad("dtype '\(typeName)' is not supported")
    }
    let extents = (value["shape"]?.array ?? [nil]).map(\.integer)
    guard extents.allSatisfy({ $0 != nil }), let shape = Shape(checking: extents.compactMap { $0 }) else {
      throw bad("the shape is missing, negative or too large")
    }
    let offsets = (value["data_offsets"]?.array ?? []).map { $0.integer ?? -1 }
    let available = storage.byteCount - dataStart
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= available else {
      throw bad("data_offsets \(offsets) are not two ascending numbers within the \(available) bytes of data")
    }
    guard let expected = type.byteCount(of: shape.elementCount), expected == offsets[1] - offsets[0] else {
      throw bad("\(typeName) \(shape) does not fill the \(offsets[1] - offsets[0]) bytes of data_offsets")
    }
    elementType = type
    self.shape = shape
    range = dataStart + offsets[0]..<dataStart + offsets[1]
  }
}
