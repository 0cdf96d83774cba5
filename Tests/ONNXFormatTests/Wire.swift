import Graphs
import ONNXFormat
import Tensors

/// A field in protobuf's wire format, written by the tests' own few lines: a tree that a test can change anywhere.
indirect enum Wire: Sendable {
  case varint(Int, UInt64)
  case fixed32(Int, UInt32)
  case fixed64(Int, UInt64)
  case bytes(Int, [UInt8])
  case message(Int, [Wire])
  /// Bytes that need not be a field.
  case raw([UInt8])

  /// A text field.
  static func text(_ number: Int, _ text: String) -> Wire { .bytes(number, Array(text.utf8)) }

  var encoded: [UInt8] {
    switch self {
    case .varint(let number, let value): Wire.tag(number, 0) + Wire.varint(value)
    case .fixed32(let number, let value):
      Wire.tag(number, 5) + (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    case .fixed64(let number, let value):
      Wire.tag(number, 1) + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    case .bytes(let number, let content): Wire.tag(number, 2) + Wire.varint(UInt64(content.count)) + content
    case .message(let number, let fields): Wire.bytes(number, fields.encoded).encoded
    case .raw(let bytes): bytes
    }
  }

  /// The number of the field; 0 for raw bytes.
  var number: Int {
    switch self {
    case .varint(let number, _), .fixed32(let number, _), .fixed64(let number, _), .bytes(let number, _),
      .message(let number, _):
      number
    case .raw: 0
    }
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
  }

  static func tag(_ number: Int, _ encoding: UInt64) -> [UInt8] { varint(UInt64(number) << 3 | encoding) }

  /// A model of IR 8 and operator set 17 around the fields of a graph, which delivers `y`.
  static func model(_ graph: [Wire], _ more: [Wire] = []) -> [Wire] {
    [
      .varint(1, 8), .message(8, [.varint(2, 17)]),
      .message(7, [.text(2, "g")] + graph + [.message(12, [.text(1, "y")])]),
    ] + more
  }

  /// A node `n` that makes `y`.
  static func node(_ more: [Wire]) -> Wire {
    .message(1, [.text(1, "x"), .text(2, "y"), .text(3, "n"), .text(4, "Relu")] + more)
  }
}

extension [Wire] {
  var encoded: [UInt8] { flatMap(\.encoded) }
}

/// Reads a model from bytes in memory.
///
/// - Parameter partLimit: what its parts may cost, or nil for what is usual.
func read(_ bytes: [UInt8], partLimit: Int? = nil) throws -> ModelDescription {
  let storage = try Storage(byteCount: bytes.count)
  unsafe UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count).copyBytes(from: bytes)
  guard let partLimit else { return try ONNXFile.read(storage: storage, path: "m.onnx") }
  return try ONNXFile.read(storage: storage, path: "m.onnx", partLimit: partLimit)
}
