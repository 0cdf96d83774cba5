import Graphs
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: SampleFiles.all)
  func `an unchanged model is written as the same bytes`(path: String) throws {
    let folder = try TemporaryFolder()
    try ONNXFile.write(try ONNXFile.read(path), to: folder.file("copy.onnx"))
    #expect(try fileBytes(folder.file("copy.onnx")) == fileBytes(path))
    #expect(folder.names.filter { $0.hasSuffix(".tmp") }.isEmpty)
  }

  @Test(arguments: SampleFiles.all)
  func `a model whose every message is encoded anew reads back as the same model`(path: String) throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(path)
    try ONNXFile.write(model.touched(), to: folder.file("copy.onnx"))
    let copy = try ONNXFile.read(folder.file("copy.onnx"))
    #expect(copy.graph.initializers.count == model.graph.initializers.count)
    for (mine, theirs) in zip(model.graph.initializers, copy.graph.initializers) {
      #expect(mine.name == theirs.name)
      guard let tensor = mine.tensor else { continue }
      #expect(try tensor.isIdentical(to: #require(theirs.tensor)))
    }
    #expect(Description(model) == Description(copy))
  }

  @Test(arguments: SampleFiles.all)
  func `a changed node changes its own record and nothing else`(path: String) throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(path)
    let position = model.graph.nodes.count / 2
    model.graph.nodes[position].name += "/changed"
    try ONNXFile.write(model, to: folder.file("changed.onnx"))
    let before = try Records(fileBytes(path))
    let after = try Records(fileBytes(folder.file("changed.onnx")))
    #expect(before.model.map(\.number) == after.model.map(\.number))
    #expect(differing(before.model, after.model).map { before.model[$0].number } == [7])
    #expect(before.graph.map(\.number) == after.graph.map(\.number))
    let changed = differing(before.graph, after.graph)
    #expect(changed.count == 1)
    let record = try #require(changed.first)
    #expect(before.graph[record].number == 1)
    #expect(before.graph[..<record].filter { $0.number == 1 }.count == position)
  }

  @Test(arguments: SampleFiles.all)
  func `a changed weight changes its own record and nothing else`(path: String) throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(path)
    let position = model.graph.initializers.count - 1
    let tensor = try #require(model.graph.initializers[position].tensor)
    model.graph.initializers[position].payload = .dense(
      try Tensor(zeros: tensor.shape, of: tensor.elementType))
    model.graph.initializers[position].documentation = "zeros"
    try ONNXFile.write(model, to: folder.file("changed.onnx"))
    let before = try Records(fileBytes(path))
    let after = try Records(fileBytes(folder.file("changed.onnx")))
    #expect(differing(before.model, after.model).map { before.model[$0].number } == [7])
    let changed = differing(before.graph, after.graph)
    #expect(changed.map { before.graph[$0].number } == [5])
    let record = try #require(changed.first)
    #expect(before.graph[record...].filter { $0.number == 5 }.count == 1)
  }

  @Test(.enabled(if: Python.hasONNX), arguments: SampleFiles.all)
  func `Python's onnx reads the same model from what was encoded anew`(path: String) throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(path)
    try ONNXFile.write(model.touched(), to: folder.file("copy.onnx"))
    let script = """
      import onnx, sys, onnx.numpy_helper as n
      a, b = (onnx.load(p) for p in sys.argv[1:])
      def plain(t):
          # Elements may stand in another field than before: both sides are compared as raw_data.
          if t.data_type == onnx.TensorProto.STRING or not t.ListFields(): return
          raw = n.from_array(n.to_array(t)).raw_data
          for f in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "data_location", "external_data"): t.ClearField(f)
          t.raw_data = raw
      def walk(m):
          if isinstance(m, onnx.TensorProto): return plain(m)
          if isinstance(m, onnx.AttributeProto) and m.name == "later": m.Clear()
          # The default domain is written in one way, whether it was empty, absent or spelled out.
          if isinstance(m, (onnx.NodeProto, onnx.OperatorSetIdProto)) and m.domain in ("", "ai.onnx"): m.ClearField("domain")
          for f, v in m.ListFields():
              if f.message_type:
                  for x in (v if hasattr(v, "add") else [v]): walk(x)
      walk(a); walk(b)
      print("same" if a == b else "differ")
      """
    #expect(try Python.run(script, [path, folder.file("copy.onnx")]) == "same\n")
  }

  @Test(.enabled(if: Python.hasONNX), arguments: SampleFiles.exports)
  func `Python's checker accepts what was written`(path: String) throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(path)
    model.graph.metadata.append(MetadataEntry(key: "changed", value: "yes"))
    try ONNXFile.write(model, to: folder.file("inline.onnx"))
    try ONNXFile.write(model, to: folder.file("outside.onnx"), externalData: .file(name: "outside.bin"))
    let script =
      "import onnx, sys; [onnx.checker.check_model(p, full_check=True) for p in sys.argv[1:]]; print('valid')"
    let output = try Python.run(script, [folder.file("inline.onnx"), folder.file("outside.onnx")])
    #expect(output == "valid\n")
  }

  private func differing(_ first: [Record], _ second: [Record]) -> [Int] {
    guard first.count == second.count else { return Array(first.indices) }
    return first.indices.filter { first[$0].content != second[$0].content }
  }
}
