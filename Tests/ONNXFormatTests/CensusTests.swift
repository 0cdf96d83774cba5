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

  /// Reads a model whose parts may cost 100 kB.
  private static func readSmall(_ bytes: [UInt8]) throws -> ModelDescription {
    try read(bytes, partLimit: 100_000)
  }

  @Test(arguments: [
    (1, "nodes", "GraphProto.node"), (13, "values", "GraphProto.value_info"),
    (5, "tensors", "GraphProto.initializer"), (16, "metadata entries", "GraphProto.metadata_props"),
    (14, "quantization annotations", "GraphProto.quantization_annotation"),
    (60, "fields that the schema does not know", "GraphProto.60"),
  ])
  func `too many of a kind in a graph are refused by name`(number: Int, kind: String, field: String) throws {
    let bytes = Self.model(Self.repeated(.bytes(number, []), 3000))
    let error = #expect(throws: FormatError.self) { try Self.readSmall(bytes) }
    #expect(error?.message.contains("more than 100000 bytes, which is the limit") == true)
    #expect(error?.message.contains("\(kind)") == true && error?.field == field)
  }

  @Test(arguments: [
    (1, "strings", "NodeProto.input"), (2, "results of nodes", "NodeProto.output"),
    (5, "attributes", "NodeProto.attribute"), (9, "metadata entries", "NodeProto.metadata_props"),
  ])
  func `too many of a kind in a node are refused by name`(number: Int, kind: String, field: String) throws {
    let node = Wire.bytes(1, Self.repeated(.bytes(number, []), 3000))
    let error = #expect(throws: FormatError.self) { try Self.readSmall(Wire.model([node]).encoded) }
    #expect(error?.message.contains("\(kind)") == true && error?.field == field)
  }

  @Test func `several kinds share the limit, and those that take most of it are named`() throws {
    let half = Self.repeated(.bytes(13, []), 190)
    let nodes = Self.repeated(.bytes(1, []), 200)
    #expect(throws: Never.self) { try Self.readSmall(Self.model(half)) }
    #expect(throws: Never.self) { try Self.readSmall(Self.model(nodes)) }
    let error = #expect(throws: FormatError.self) { try Self.readSmall(Self.model(nodes + half)) }
    #expect(error?.message.contains("most of it for 200 nodes") == true, "\(error?.message ?? "")")
  }

  @Test func `more than a million of a kind are refused even where they are cheap`() throws {
    let node = Wire.bytes(1, Self.repeated(.bytes(1, []), 1_000_001))
    let error = #expect(throws: FormatError.self) { try read(Wire.model([node]).encoded) }
    #expect(error?.message.contains("holds more than 1000000 strings, which is the limit") == true)
  }

  @Test func `a network of a hundred thousand nodes with descriptions and weights is read`() throws {
    var graph: [UInt8] = []
    let type = Wire.message(
      2,
      [
        .message(
          1,
          [
            .varint(1, 1),
            .message(
              2,
              [1, 3, 224, 224].map {
                Wire.message(1, [.varint(1, $0)])
              }),
          ])
      ])
    for index in 0..<100_000 {
      let name = "/model/block/\(index)"
      var node: [Wire] = [.text(1, name), .text(2, name), .text(3, name), .text(4, "Relu")]
      if index % 3 == 0 {
        graph +=
          Wire.message(5, [.varint(1, 1), .varint(2, 1), .text(8, name), .bytes(9, [0, 0, 0, 0])]).encoded
        node.append(.message(5, [.text(1, "axis"), .varint(3, 1), .varint(20, 2)]))
      }
      graph += Wire.message(1, node).encoded + Wire.message(13, [.text(1, name), type]).encoded
    }
    #expect(try read(Self.model(graph)).graph.nodes.count == 100_000)
  }

  @Test(arguments: [10, 4])
  func `a long text, and one that an attribute holds, is counted`(field: Int) throws {
    let text = Wire.bytes(field, [UInt8](repeating: 65, count: 100_001))
    let inAttribute = Wire.node([.message(5, [.text(1, "a"), text, .varint(20, 3)])])
    let bytes = Wire.model([field == 10 ? text : inAttribute]).encoded
    let error = #expect(throws: FormatError.self) { try Self.readSmall(bytes) }
    #expect(error?.message.contains("100001 bytes of long texts") == true, "\(error?.message ?? "")")
  }

  @Test
  func `integers that take more memory than bytes in the file are counted, weights as they are are not`()
    throws
  {
    func tensor(_ count: Int, _ type: UInt64, _ data: Wire) -> [UInt8] {
      Wire.model([.message(5, [.varint(1, UInt64(count)), .varint(2, type), .text(8, "w"), data])]).encoded
    }
    let zeros = [UInt8](repeating: 0, count: 400_000)
    let error = #expect(throws: FormatError.self) {
      try Self.readSmall(tensor(10_000, 7, .bytes(7, Array(zeros.prefix(10_000)))))
    }
    #expect(error?.message.contains("10000 elements stored as integers") == true, "\(error?.message ?? "")")
    #expect(throws: Never.self) { try Self.readSmall(tensor(100_000, 1, .bytes(9, zeros))) }
  }

  @Test func `dims of a tensor packed in one field are as many as their bytes`() throws {
    let dims = Wire.bytes(1, [UInt8](repeating: 1, count: 1_000_001))
    let error = #expect(throws: FormatError.self) {
      try read(Wire.model([.message(5, [dims, .varint(2, 1)])]).encoded)
    }
    #expect(error?.message.contains("more than 1000000 fields, which is the limit") == true)
  }

  @Test func `what functions and subgraphs hold counts as well`() throws {
    let third = Self.repeated(.bytes(1, []), 110)
    let subgraph = Wire.node([.message(5, [.text(1, "a"), .bytes(6, third), .varint(20, 5)])])
    let function = Wire.bytes(25, Self.repeated(.bytes(7, []), 110))
    let bytes = Wire.model([.raw(third), subgraph], [function]).encoded
    let error = #expect(throws: FormatError.self) { try Self.readSmall(bytes) }
    #expect(error?.message.contains("nodes") == true && error?.field == "FunctionProto.node")
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
