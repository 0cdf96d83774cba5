package import Tensors

/// The .npy format of NumPy: one array, versions 1 to 3.
///
/// Layout: magic `\x93NUMPY`, version, header length (2 or 4 bytes), a Python dictionary
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }` padded with spaces to a multiple of 64, elements.
package enum NumPyArray {
  /// Reads an array into memory of its own; column-major and big-endian files become row-major and little-endian.
  package static func read(_ path: String) throws(FileError) -> Tensor {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch { throw .unreadable(error) }
    return try read(
      unsafe [UInt8](UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)), named: path)
  }

  /// Reads an array from bytes; `name` stands for the file in errors.
  package static func read(_ bytes: [UInt8], named name: String) throws(FileError) -> Tensor {
    guard bytes.count >= 10, bytes.starts(with: magic) else {
      throw .bad(name, "not a .npy file (it does not start with \\x93NUMPY)")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else { throw .bad(name, "version \(version) of .npy is not supported") }
    let lengthBytes = version == 1 ? 2 : 4
    let start = 8 + lengthBytes
    guard bytes.count >= start else { throw .bad(name, "the file ends within its header") }
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    guard length <= bytes.count - start, length <= 1 << 20 else {
      throw .bad(name, "the header claims \(length) bytes, the file has \(bytes.count - start) more")
    }
    var parser = HeaderParser(text: Array(bytes[start..<start + length]))
    guard let header = parser.read() else {
      throw .bad(name, "the header is not {'descr': …, 'fortran_order': …, 'shape': …}")
    }
    guard let type = element(header.description) else {
      throw .bad(name, "element type '\(header.description)' is not supported")
    }
    guard let shape = Shape(checking: header.shape), let count = type.byteCount(of: shape.elementCount) else {
      throw .bad(name, "the shape \(header.shape) is negative or too large")
    }
    let data = start + length
    guard bytes.count - data == count else {
      throw .bad(
        name,
        "shape \(shape) needs \(count) bytes of '\(header.description)', the file has \(bytes.count - data)")
    }
    var elements = Array(bytes[data...])
    let size = (type.bitWidth ?? 8) / 8
    if header.description.hasPrefix(">"), size > 1 {
      for position in stride(from: 0, to: count, by: size) { elements[position..<position + size].reverse() }
    }
    if header.isFortranOrder { elements = rowMajor(elements, shape, size) }
    do {
      let tensor = try Tensor(zeros: shape, of: type)
      let target = unsafe UnsafeMutableRawBufferPointer(start: TensorView(tensor).pointer, count: count)
      unsafe target.copyBytes(from: elements)
      return tensor
    } catch { throw FileError(.workFailed, "not enough memory for \(count) bytes", file: name) }
  }

  /// Writes a tensor as version 1 (2 where the header is long), row-major, atomically.
  package static func write(_ tensor: Tensor, to path: String) throws {
    let header = try bytes(ofHeaderFor: tensor, path)
    try AtomicWrite.file(at: path) { writer in
      try writer.write(header)
      try writer.write(tensor)
    }
  }

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  private static let types: [(name: String, type: ElementType)] = [
    ("f4", .float32), ("f8", .float64), ("f2", .float16), ("i8", .int64), ("i4", .int32), ("i2", .int16),
    ("i1", .int8), ("u8", .uint64), ("u4", .uint32), ("u2", .uint16), ("u1", .uint8), ("b1", .bool),
    ("c8", .complex64), ("c16", .complex128),
  ]

  /// The element type of a description such as `<f4`; complex big-endian is not supported.
  private static func element(_ description: String) -> ElementType? {
    guard let order = description.first, "<>|=".contains(order) else { return nil }
    let name = description.dropFirst()
    guard let type = types.first(where: { $0.name == name })?.type else { return nil }
    return order == ">" && name.hasPrefix("c") ? nil : type
  }

  private static func bytes(ofHeaderFor tensor: Tensor, _ path: String) throws(FileError) -> [UInt8] {
    guard let name = types.first(where: { $0.type == tensor.elementType })?.name else {
      throw FileError(.unsupported, "NumPy has no element type for \(tensor.elementType.name)", file: path)
    }
    let order = tensor.elementType.bitWidth == 8 ? "|" : "<"
    let extents = tensor.shape.extents.map(String.init).joined(separator: ", ")
    let shape = tensor.shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    let text = "{'descr': '\(order)\(name)', 'fortran_order': False, 'shape': \(shape), }"
    let isLong = text.utf8.count > 65_000
    let start = isLong ? 12 : 10
    let padding = (64 - (start + text.utf8.count + 1) % 64) % 64
    let header = Array(text.utf8) + [UInt8](repeating: 0x20, count: padding) + [0x0A]
    let length = (0..<(isLong ? 4 : 2)).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    return magic + [isLong ? 2 : 1, 0] + length + header
  }

  /// Column-major elements in row-major order.
  private static func rowMajor(_ elements: [UInt8], _ shape: Shape, _ size: Int) -> [UInt8] {
    var result = elements
    var index = [Int](repeating: 0, count: shape.rank)
    for target in 0..<shape.elementCount {
      var source = 0
      for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
        source = source * shape[axis] + index[axis]
      }
      for byte in 0..<size { result[target * size + byte] = elements[source * size + byte] }
      for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
        index[axis] += 1
        guard index[axis] == shape[axis] else { break }
        index[axis] = 0
      }
    }
    return result
  }
}

/// Reads the header's dictionary: three keys, in any order, with a string, a truth value and a tuple of integers.
private struct HeaderParser {
  let text: [UInt8]
  var position = 0

  init(text: [UInt8]) { self.text = text }

  mutating func read() -> (description: String, isFortranOrder: Bool, shape: [Int])? {
    var (description, isFortranOrder, shape) = (String?.none, Bool?.none, [Int]?.none)
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = readString(), take(":") else { return nil }
      switch key {
      case "descr" where description == nil: description = readString()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = readWord()
      case "shape" where shape == nil: shape = readTuple()
      default: return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpace()
    guard position == text.count, let description, let isFortranOrder, let shape else { return nil }
    return (description, isFortranOrder, shape)
  }

  private mutating func skipSpace() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0A { position += 1 }
  }

  private mutating func take(_ scalar: UnicodeScalar) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func readString() -> String? {
    skipSpace()
    guard position < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[position]) else {
      return nil
    }
    let quote = text[position]
    guard let end = text[(position + 1)...].firstIndex(of: quote) else { return nil }
    defer { position = end + 1 }
    return String(validating: text[(position + 1)..<end], as: UTF8.self)
  }

  private mutating func readWord() -> Bool? {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    return nil
  }

  private mutating func readTuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = text[position...].prefix { (0x30...0x39).contains($0) }
      guard numbers.count < 64, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      position += digits.count
      numbers.append(number)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return numbers
  }
}
