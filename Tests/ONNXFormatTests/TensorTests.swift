import Graphs
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct TensorTests {
  @Test func `elements of every type have the bytes that Python gives them`() throws {
    let model = try ONNXFile.read(SampleFiles.format + "/every_field.onnx")
    let lines = String(
      decoding: try fileBytes(SampleFiles.format + "/every_field.tensors.txt"), as: UTF8.self
    )
    .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.count == ElementType.allCases.count - 1)
    for line in lines {
      for name in [line[0], line[0] + "-raw"] {
        let constant = try #require(model.graph.initializers.first { $0.name == name })
        let tensor = try #require(constant.tensor)
        #expect(tensor.elementType.name == line[0] || tensor.elementType.name == line[0].lowercased())
        let hex = unsafe tensor.withUnsafeBytes { bytes in
          unsafe bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        #expect(hex == line[1], "\(name)")
      }
    }
    let strings = try #require(model.graph.initializers.first { $0.elementType == .string })
    guard case .strings([[97, 0, 98], []], shape: [2]) = strings.payload else {
      Issue.record("strings read as \(strings.payload)")
      return
    }
  }

  @Test func `a NUL inside a text survives`() throws {
    var model = try ONNXFile.read(SampleFiles.format + "/every_field.onnx")
    #expect(model.producerName?.hasSuffix("-é\0x") == true)
    let folder = try TemporaryFolder()
    let name = model.producerName
    model.graph.nodes[0].name = "a\0b"
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    let copy = try ONNXFile.read(folder.file("m.onnx"))
    #expect(copy.graph.nodes[0].name == "a\0b" && copy.producerName == name)
  }

  @Test func `fields of a later version survive a change of their message`() throws {
    var model = try ONNXFile.read(SampleFiles.format + "/every_field.onnx")
    #expect(model.unknownFields == [0xA2, 0x3F, 3] + Array("new".utf8))
    let index = try #require(model.graph.nodes[0].attributes.firstIndex { $0.name == "later" })
    guard case .undefined(type: 99) = model.graph.nodes[0].attributes[index].value else {
      Issue.record("an unknown attribute type was read as \(model.graph.nodes[0].attributes[index].value)")
      return
    }
    model.graph.nodes[0].attributes[index].name = "renamed"
    let folder = try TemporaryFolder()
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    let copy = try ONNXFile.read(folder.file("m.onnx"))
    #expect(copy.unknownFields == model.unknownFields)
    let attribute = copy.graph.nodes[0].attributes[index]
    #expect(attribute.name == "renamed")
    // Field 3 (i) = 5, and field 127 = 42.
    #expect(attribute.unknownFields == [0x18, 5, 0xF8, 7, 42])
  }

  @Test func `a tensor file keeps type, shape and bytes`() throws {
    let folder = try TemporaryFolder()
    let constants = [
      TensorConstant(name: "scalar", try Tensor(scalar: Float(2.5))),
      TensorConstant(name: "", try Tensor([Int64.min, 3], shape: [1, 2])),
      TensorConstant(name: "empty", try Tensor(zeros: [2, 0, 3], of: .float16)),
      TensorConstant(name: "large", try Tensor((0..<100_000).map(Double.init))),
    ]
    for constant in constants {
      try TensorProtoFile.write(constant, to: folder.file("t.pb"))
      let copy = try TensorProtoFile.read(folder.file("t.pb"))
      #expect(copy.name == constant.name)
      #expect(try #require(copy.tensor).isIdentical(to: #require(constant.tensor)))
    }
    try TensorProtoFile.write(
      TensorConstant(name: "s", strings: [[97], [0], []], shape: [3, 1]), to: folder.file("t.pb"))
    let strings = try TensorProtoFile.read(folder.file("t.pb"))
    guard case .strings([[97], [0], []], shape: [3, 1]) = strings.payload else {
      Issue.record("strings read as \(strings.payload)")
      return
    }
    #expect(folder.names == ["t.pb"])
  }

  @Test(.enabled(if: Python.hasONNX)) func `Python's onnx reads a tensor file`() throws {
    let folder = try TemporaryFolder()
    try TensorProtoFile.write(
      TensorConstant(name: "t", try Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3])), to: folder.file("t.pb")
    )
    let script =
      "import onnx, sys; t = onnx.load_tensor(sys.argv[1]); a = onnx.numpy_helper.to_array(t); print(t.name, a.dtype, a.tolist())"
    #expect(try Python.run(script, [folder.file("t.pb")]) == "t float32 [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]\n")
  }
}
