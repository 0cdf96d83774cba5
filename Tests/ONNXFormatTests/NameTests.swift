import Graphs
import ONNXFormat
import TestSupport
import Testing

/// Names are bytes: «é» in NFC and «é» in NFD are two.
@Suite struct NameTests {
  private let composed: [UInt8] = [0xC3, 0xA9]
  private let decomposed: [UInt8] = [0x65, 0xCC, 0x81]

  private var twins: [UInt8] {
    Wire.model([
      .message(11, [.text(1, "x")]), .message(12, [.bytes(1, composed)]),
      .message(1, [.text(1, "x"), .bytes(2, decomposed), .bytes(3, decomposed), .text(4, "Relu")]),
      .message(1, [.bytes(1, decomposed), .bytes(2, composed), .bytes(3, composed), .text(4, "Relu")]),
      .message(1, [.bytes(1, composed), .text(2, "y"), .text(4, "Relu")]),
    ]).encoded
  }

  @Test func `names that are canonically equal are two names`() throws {
    let graph = try read(twins).graph
    #expect(graph.problems().isEmpty && graph.duplicateNodeNames.isEmpty)
    #expect(graph.nodes[1].outputs == ["é"] && graph.nodes[0].outputs != ["é"])
  }

  @Test func `they are written as the bytes that they were, in changed messages too`() throws {
    let folder = try TemporaryFolder()
    try ONNXFile.write(try read(twins).touched(), to: folder.file("m.onnx"))
    let nodes = try Records(fileBytes(folder.file("m.onnx"))).graph.filter { $0.number == 1 }
    let fields = try nodes.map { try Records.fields($0.content) }
    #expect(Array(fields[0].first { $0.number == 2 }?.content ?? []) == decomposed)
    #expect(Array(fields[1].first { $0.number == 1 }?.content ?? []) == decomposed)
    #expect(Array(fields[1].first { $0.number == 2 }?.content ?? []) == composed)
    #expect(Array(fields[1].first { $0.number == 3 }?.content ?? []) == composed)
  }

  @Test(
    arguments: [[0x41, 0xFF, 0x00, 0x42], [0xF4, 0x8F, 0xBF, 0xBF], [0x65, 0xCC, 0x81], [0x00]] as [[UInt8]])
  func `texts for people may have any bytes and keep them`(bytes: [UInt8]) throws {
    let folder = try TemporaryFolder()
    let entry = Wire.message(14, [.bytes(1, bytes), .bytes(2, bytes)])
    let texts: [Wire] = [.bytes(2, bytes), .bytes(3, bytes), .bytes(4, bytes), .bytes(6, bytes), entry]
    let node = Wire.node([.bytes(6, bytes)])
    let model = try read(Wire.model([node, .bytes(10, bytes)], texts).encoded)
    try ONNXFile.write(model.touched(), to: folder.file("m.onnx"))
    let records = try Records(fileBytes(folder.file("m.onnx")))
    for number in [2, 3, 4, 6] {
      #expect(Array(records.model.first { $0.number == number }?.content ?? []) == bytes, "\(number)")
    }
    #expect(Array(records.graph.first { $0.number == 10 }?.content ?? []) == bytes)
    let written = try #require(records.model.first { $0.number == 14 })
    #expect(try Records.fields(written.content).map { Array($0.content) } == [bytes, bytes])
  }
}
