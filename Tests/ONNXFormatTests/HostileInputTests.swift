import Graphs
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct HostileInputTests {
  private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    varint(UInt64(number) << 3 | 2) + varint(UInt64(content.count)) + content
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
  }

  private func model(_ graphFields: [UInt8]) -> [UInt8] {
    [8, 8] + field(7, field(2, [103]) + graphFields + field(12, []))
  }

  /// A tensor `w` with dims and further fields.
  private func tensor(_ dims: [Int64], type: UInt64 = 1, _ fields: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for extent in dims { bytes += [8] + varint(UInt64(bitPattern: extent)) }
    bytes += [16] + varint(type)
    bytes += field(8, Array("w".utf8))
    return bytes + fields
  }

  @Test func `flipped bytes never crash, and what is read can be written`() throws {
    let whole = try fileBytes(SampleFiles.format + "/every_field.onnx")
    let folder = try TemporaryFolder()
    var random = Random(20_251_124)
    var accepted = 0
    for round in 0..<1500 {
      var bytes = whole
      for _ in 0..<1 + random.integer(below: 4) {
        bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      }
      guard let model = try? read(bytes) else { continue }
      accepted += 1
      _ = model.graph.problems()
      guard round % 20 == 0 else { continue }
      try ONNXFile.write(model.touched(), to: folder.file("m.onnx"))
      _ = try ONNXFile.read(folder.file("m.onnx"))
    }
    #expect(accepted > 100)
  }

  @Test func `flipped bytes never crash the reference checker`() throws {
    let text = try ModelDescription(
      text:
        #"<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <float[2] w = {1,2}> { y = Add (x, w) }"#
    )
    let folder = try TemporaryFolder()
    try ONNXFile.write(text, to: folder.file("m.onnx"))
    let whole = try fileBytes(folder.file("m.onnx"))
    var random = Random(7)
    for _ in 0..<500 {
      var bytes = whole
      bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      guard let model = try? read(bytes) else { continue }
      _ = try Checker.check(model)
    }
  }

  @Test func `graphs nested 20,000 deep are refused`() throws {
    // Built from the inside out, in reverse: lengths before contents.
    var reversed: [UInt8] = []
    for _ in 0..<20_000 {
      for number: UInt64 in [6, 5, 1] {
        let header = varint(number << 3 | 2) + varint(UInt64(reversed.count))
        reversed += header.reversed()
      }
    }
    let error = #expect(throws: FormatError.self) { try read(field(7, reversed.reversed())) }
    #expect(error?.message.contains("nested more than 64 deep at byte") == true)
  }

  @Test func `types nested 20,000 deep are refused before protobuf-c sees them`() throws {
    var reversed: [UInt8] = []
    for _ in 0..<20_000 {
      for number: UInt64 in [1, 4] {
        let header = varint(number << 3 | 2) + varint(UInt64(reversed.count))
        reversed += header.reversed()
      }
    }
    let value = field(1, [120]) + field(2, reversed.reversed())
    let error = #expect(throws: FormatError.self) { try read(model(field(11, value))) }
    #expect(error?.message.contains("nested more than 64 deep") == true)
  }

  @Test func `sixty levels are read`() throws {
    var graph: [UInt8] = field(2, [103])
    for _ in 0..<20 {
      let attribute: [UInt8] = field(1, [98]) + field(6, graph) + [0xA0, 1, 5]
      let node: [UInt8] = field(4, Array("If".utf8)) + field(5, attribute)
      graph = field(2, [103]) + field(1, node)
    }
    let model = try read([8, 8] + field(7, graph + field(12, [])))
    #expect(model.graph.nodes[0].subgraphs.count == 1)
  }

  @Test func `each fault of a tensor is named`() throws {
    let raw = field(9, [0, 0, 0, 0])
    let cases: [([UInt8], String)] = [
      (
        tensor([1], field(9, [0, 0, 0])),
        "raw_data at byte 16 holds 3 bytes of elements, shape [1] of float needs 4"
      ),
      (tensor([-1], raw), "has dims [-1], of which one is negative"),
      (tensor([1 << 40, 1 << 40], raw), "whose product is too large"),
      (tensor([.max], raw), "whose product is too large"),
      (tensor([1], type: 0, raw), "has element type 0"),
      (tensor([1], type: 99, raw), "has element type 99, which is none that ONNX defines"),
      (tensor([2], []), "holds no elements, shape [2] of float needs 2"),
      (tensor([1], raw + field(4, [0, 0, 0, 0])), "has elements in two fields, 9 and 4"),
      (tensor([1], raw + raw), "raw_data stands twice"),
      (tensor([1], type: 7, field(4, [0, 0, 0, 0])), "float_data cannot hold elements of type int64"),
      (tensor([1], type: 2, field(5, varint(300))), "int32_data holds 300, which is no uint8"),
      (tensor([1], type: 12, field(11, varint(1 << 33))), "which is no uint32"),
      (tensor([2], type: 7, field(7, varint(1))), "int64_data at byte"),
      (tensor([2], type: 8, field(6, [97])), "string_data holds 1 strings, shape [2] needs 2"),
      (tensor([1], type: 7, field(7, [255])), "an integer that runs past the end of its message"),
      (tensor([1], [0x4B]), "wire type 3"),
      (tensor([1], [0x4A, 0x7F, 0]), "holds 127 bytes, of which 1 are there"),
      (tensor([1], [0x4A] + [UInt8](repeating: 0xFF, count: 10) + [1]), "an integer of more than 64 bits"),
    ]
    for (content, message) in cases {
      let error = #expect(throws: FormatError.self) { try read(model(field(5, content))) }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "") instead of \(message)")
    }
    let named = #expect(throws: FormatError.self) { try read(model(field(5, tensor([2], raw)))) }
    #expect(named?.tensor == "w" && named?.failureCode == .badData && named?.field == "raw_data")
    let later = #expect(throws: FormatError.self) { try read(model(field(5, tensor([1], type: 99, raw)))) }
    #expect(later?.failureCode == .unsupported)
  }

  @Test func `a name that is not UTF-8 is refused`() throws {
    let error = #expect(throws: FormatError.self) { try read(model(field(1, field(3, [0xFF])))) }
    #expect(error?.message.contains("name of a node is not valid UTF-8") == true)
  }

  @Test func `what is no model file is refused`() throws {
    let folder = try TemporaryFolder()
    func error(_ path: String) -> FormatError? {
      #expect(throws: FormatError.self) { try ONNXFile.read(path) }
    }
    #expect(error(folder.file("missing.onnx"))?.failureCode == .missingInput)
    #expect(error(folder.path)?.message.contains("Is a directory") == true)
    let empty = error(try folder.write([], to: "empty.onnx"))
    #expect(empty?.message == "the file is empty" && empty?.failureCode == .badData)
    #expect(
      error(try folder.write(Array("just a text file\n".utf8), to: "text.onnx"))?.failureCode == .badData)
    let noGraph = error(try folder.write([8, 8], to: "none.onnx"))
    #expect(noGraph?.description.hasSuffix("none.onnx: holds no graph, so it is not an ONNX model") == true)
    #expect(error("/dev/null")?.message.contains("not a regular file") == true)
  }

  @Test func `a file that cannot be written leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(SampleFiles.format + "/every_field.onnx")
    let missing = #expect(throws: FormatError.self) {
      try ONNXFile.write(model, to: folder.file("no/such/folder.onnx"))
    }
    #expect(missing?.failureCode == .missingInput)
    let directory = #expect(throws: FormatError.self) { try ONNXFile.write(model, to: folder.path) }
    #expect(directory?.failureCode == .workFailed)
    #expect(folder.names.isEmpty)
  }
}
