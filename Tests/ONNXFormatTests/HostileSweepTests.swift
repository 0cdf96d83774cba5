import Graphs
import ONNXFormat
import Testing

/// A small model that holds every kind of message, damaged in every place.
@Suite struct HostileSweepTests {
  private static let tensor: [Wire] = [
    .varint(1, 1), .varint(2, 1), .text(8, "w"), .bytes(9, [0, 0, 0, 0]), .text(12, "d"),
    .message(16, [.text(1, "k"), .text(2, "v")]),
  ]
  private static let graph: [Wire] = [.text(2, "s"), .message(12, [.text(1, "x")])]
  private static let sparse: [Wire] = [
    .message(1, [.varint(1, 1), .varint(2, 1), .text(8, "v"), .bytes(4, [0, 0, 0, 0])]),
    .message(2, [.varint(1, 1), .varint(2, 7), .text(8, "i"), .bytes(7, [0])]), .varint(3, 4),
  ]

  private static func type(_ kind: Int) -> [Wire] {
    let float: [Wire] = [.message(1, [.varint(1, 1)])]
    let shape: Wire = .message(
      2, [.message(1, [.varint(1, 2), .text(3, "D")]), .message(1, [.text(2, "n")])])
    return switch kind {
    case 1, 8: [.message(kind, [.varint(1, 1), shape]), .text(6, "T")]
    case 4, 9: [.message(kind, [.message(1, float)])]
    case 5: [.message(5, [.varint(1, 7), .message(2, float)])]
    default: [.message(7, [.text(1, "o"), .text(2, "p")])]
    }
  }

  private static func attribute(_ type: UInt64, _ value: Wire...) -> Wire {
    .message(5, [.text(1, "a\(type)")] + value + [.text(13, "d"), .varint(20, type)])
  }

  private static let values: [Wire] = [1, 4, 5, 7, 8, 9].map {
    .message(13, [.text(1, "v\($0)"), .message(2, type($0)), .text(3, "d"), .message(4, [.text(1, "k")])])
  }

  private static let attributes: [Wire] = [
    attribute(1, .fixed32(2, 0)), attribute(2, .varint(3, 5)), attribute(3, .text(4, "s")),
    attribute(4, .message(5, tensor)), attribute(5, .message(6, graph)), attribute(6, .fixed32(7, 0)),
    attribute(7, .varint(8, 1), .bytes(8, [1, 2])), attribute(8, .text(9, "s")),
    attribute(9, .message(10, tensor)), attribute(10, .message(11, graph)),
    attribute(11, .message(22, sparse)), attribute(12, .message(23, sparse)),
    attribute(13, .message(14, type(1))), attribute(14, .message(15, type(4))),
  ]

  private static let node = Wire.node(
    [.text(6, "d"), .text(7, "o"), .text(8, "l"), .message(9, [.text(1, "k")])]
      + [.message(10, [.text(1, "c"), .message(2, [.text(1, "w")])])] + attributes)

  private static let model = Wire.model(
    [
      node, .message(5, tensor), .message(5, [.varint(1, 1), .varint(2, 8), .text(8, "s"), .text(6, "q")]),
      .message(5, [.varint(1, 1), .varint(2, 6), .text(8, "i"), .bytes(5, [7])]), .text(10, "d"),
      .message(11, [.text(1, "x"), .message(2, type(1))]),
      .message(14, [.text(1, "w"), .message(2, [.text(1, "SCALE_TENSOR"), .text(2, "s")])]),
      .message(15, sparse), .message(16, [.text(1, "k")]),
    ] + values,
    [
      .text(2, "p"), .text(3, "1"), .text(4, "m"), .varint(5, 1), .text(6, "d"),
      .message(14, [.text(1, "k")]),
      .message(20, [.message(1, graph), .message(2, graph), .message(3, [.text(1, "k")]), .message(4, [])]),
      .message(
        25,
        [
          .text(1, "f"), .text(4, "x"), .text(5, "y"), .text(6, "a"), node, .text(8, "d"), .text(10, "o"),
          .message(9, [.text(1, ""), .varint(2, 17)]), attribute(1, .fixed32(2, 0)), .text(13, "l"),
          .message(14, [.text(1, "k")]),
        ].map { moved(moved($0, 1, to: 7), 5, to: 11) }),
      .message(26, [.text(1, "d")]),
    ])

  /// A message under another number, as a function holds its nodes and attributes.
  private static func moved(_ field: Wire, _ number: Int, to other: Int) -> Wire {
    guard case .message(let found, let fields) = field, found == number else { return field }
    return .message(other, fields)
  }

  /// Reads damaged bytes: a model or an error that says where the fault is.
  private func isReadOrPlaced(_ bytes: [UInt8], _ what: String) -> Bool {
    do {
      _ = try read(bytes).graph.problems()
      return true
    } catch let error as FormatError {
      let places = [error.node, error.tensor, error.field].compactMap { $0 }
      let isPlaced = error.file == "m.onnx" && places.contains { !$0.isEmpty }
      if !isPlaced { Issue.record("\(what): \(error.description) names no place") }
      return isPlaced
    } catch {
      Issue.record("\(what): \(error)")
      return false
    }
  }

  @Test func `the model itself is read`() throws {
    let model = try read(Self.model.encoded)
    #expect(model.graph.nodes[0].attributes.count == 14 && model.functions[0].nodes.count == 1)
    #expect(model.functions[0].attributes.count == 1 && model.training.count == 1)
  }

  @Test func `cut at any byte it is read or refused with a place`() {
    let whole = Self.model.encoded
    for end in 1..<whole.count where !isReadOrPlaced(Array(whole[..<end]), "cut at \(end)") { return }
  }

  @Test func `with any bit flipped it is read or refused with a place`() {
    let whole = Self.model.encoded
    for bit in 0..<whole.count * 8 {
      var bytes = whole
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      guard isReadOrPlaced(bytes, "bit \(bit)") else { return }
    }
  }

  @Test func `with any byte extreme it is read or refused with a place`() {
    let whole = Self.model.encoded
    for offset in whole.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var bytes = whole
        bytes[offset] = value
        guard isReadOrPlaced(bytes, "byte \(offset) = \(value)") else { return }
      }
    }
  }

  @Test func `with any field of another kind, absent or twice it is read or refused with a place`() {
    var count = 0
    Self.forEachDamage(of: Self.model) { fields in
      count += 1
      return isReadOrPlaced(fields.encoded, "damage \(count)")
    }
    #expect(count > 3000)
  }

  /// Calls `body` with every field of a tree replaced by every wrong one, until it returns false.
  private static func forEachDamage(of fields: [Wire], _ body: ([Wire]) -> Bool) {
    for (index, field) in fields.enumerated() {
      let number = field.number
      let wrong: [[Wire]] = [
        [], [field, field], [.varint(number, 0)], [.varint(number, .max)], [.varint(number, 1 << 31)],
        [.varint(number, 1 << 63)], [.fixed32(number, 0x7FC0_0000)], [.fixed64(number, 1)],
        [.bytes(number, [])], [.bytes(number, [0xFF])], [.bytes(number, [0xC3, 0x28])],
        [.bytes(number, [UInt8](repeating: 0x80, count: 12))], [.message(number, [.varint(63, 1)])],
        [.message(number, [.text(1, "z"), .text(2, "z"), .text(3, "z")])],
        [.message(number, [.varint(1, 9), .varint(2, 9), .varint(3, 9)])],
        [.raw(Wire.tag(number, 3)), field], [.raw(Wire.tag(number, 2) + [0x7F])], [.raw([0])], [.raw([7])],
      ]
      for replacement in wrong {
        guard body(Array(fields[..<index]) + replacement + Array(fields[(index + 1)...])) else { return }
      }
      guard case .message(_, let inner) = field else { continue }
      forEachDamage(of: inner) {
        body(Array(fields[..<index]) + [.message(number, $0)] + Array(fields[(index + 1)...]))
      }
    }
  }
}
