import Graphs
import ONNXFormat
import Testing

/// Files of two bytes per thing, which would take a hundred times their size in memory.
@Suite struct CensusTests {
  private static func model(_ fields: [UInt8], in graph: Bool = true) -> [UInt8] {
    Wire.model(graph ? [.raw(fields)] : [], graph ? [] : [.raw(fields)]).encoded
  }

  private static func repeated(_ field: Wire, _ count: Int) -> [UInt8] {
    let bytes = field.encoded
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * count)
    for _ in 0..<count { result += bytes }
    return result
  }

  @Test(arguments: [
    (1, "nodes", "GraphProto.node"), (13, "values", "GraphProto.value_info"),
    (5, "tensors", "GraphProto.initializer"), (16, "metadata entries", "GraphProto.metadata_props"),
    (14, "quantization annotations", "GraphProto.quantization_annotation"),
    (60, "fields that the schema does not know", "GraphProto.60"),
  ])
  func `more than a million of a kind in a graph are refused by name`(
    number: Int, kind: String, field: String
  ) throws {
    let bytes = Self.model(Self.repeated(.bytes(number, []), 1_000_001))
    let error = #expect(throws: FormatError.self) { try read(bytes) }
    #expect(error?.message.hasPrefix("holds more than 1000000 \(kind), which is the limit") == true)
    #expect(error?.field == field)
  }

  @Test(arguments: [
    (1, "strings", "NodeProto.input"), (5, "attributes", "NodeProto.attribute"),
    (9, "metadata entries", "NodeProto.metadata_props"),
  ])
  func `more than a million of a kind in a node are refused by name`(
    number: Int, kind: String, field: String
  ) throws {
    let node = Wire.bytes(1, Self.repeated(.bytes(number, []), 1_000_001))
    let error = #expect(throws: FormatError.self) { try read(Wire.model([node]).encoded) }
    #expect(error?.message.contains("holds more than 1000000 \(kind), which is the limit") == true)
    #expect(error?.field == field)
  }

  @Test func `what functions and subgraphs hold counts as well`() throws {
    let half = Self.repeated(.bytes(1, []), 400_000)
    let subgraph = Wire.node([.message(5, [.text(1, "a"), .bytes(6, half), .varint(20, 5)])])
    let function = Wire.bytes(25, Self.repeated(.bytes(7, []), 400_000))
    let bytes = Wire.model([.raw(half), subgraph], [function]).encoded
    let error = #expect(throws: FormatError.self) { try read(bytes) }
    #expect(error?.message.contains("1000000 nodes") == true && error?.field == "FunctionProto.node")
  }

  @Test func `strings of an attribute and axes of a type are counted`() throws {
    let strings = Wire.node([.message(5, [.text(1, "a"), .raw(Self.repeated(.bytes(9, []), 1_000_001))])])
    #expect(throws: FormatError.self) { try read(Wire.model([strings]).encoded) }
    let shape = Wire.bytes(2, Self.repeated(.bytes(1, []), 1_000_001))
    let value = Wire.message(13, [.text(1, "v"), .message(2, [.message(1, [shape])])])
    let error = #expect(throws: FormatError.self) { try read(Wire.model([value]).encoded) }
    #expect(error?.field == "TensorShapeProto.dim")
  }

  @Test func `unknown fields of two hundred thousand different numbers are read and kept`() throws {
    var fields: [UInt8] = []
    for number in 0..<200_000 { fields += Wire.varint(1000 + number, 1).encoded }
    let model = try read(Self.model(fields))
    #expect(model.graph.unknownFields == fields)
  }

  @Test func `a long list of numbers is no list of objects`() throws {
    let ints = Wire.node([
      .message(5, [.text(1, "a"), .raw(Self.repeated(.varint(8, 3), 1_500_000)), .varint(20, 7)])
    ])
    guard case .ints(let values)? = try read(Wire.model([ints]).encoded).graph.nodes[0].attribute("a") else {
      Issue.record("not read as integers")
      return
    }
    #expect(values.count == 1_500_000 && values.allSatisfy { $0 == 3 })
  }
}
