import Graphs
import ONNXFormat
import Tensors
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: SampleFiles.models)
  func `an unchanged model is written as the same bytes`(path: String) throws {
    let folder = try TemporaryFolder()
    try ONNXFile.write(try ONNXFile.read(path), to: folder.file("copy.onnx"))
    #expect(try fileBytes(folder.file("copy.onnx")) == fileBytes(path))
    #expect(folder.names == ["copy.onnx"])
  }

  @Test(arguments: SampleFiles.models)
  func `a model whose every message is encoded anew reads back as the same model`(path: String) throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(path)
    try ONNXFile.write(model.touched(), to: folder.file("copy.onnx"))
    let copy = try ONNXFile.read(folder.file("copy.onnx"))
    #expect(copy.graph.initializers.count == model.graph.initializers.count)
    for (mine, theirs) in zip(model.graph.initializers, copy.graph.initializers) {
      let tensor = try #require(mine.tensor)
      let other = try #require(theirs.tensor)
      #expect(mine.name == theirs.name && tensor.isIdentical(to: other))
    }
    #expect(Description(model) == Description(copy))
  }

  @Test(arguments: SampleFiles.models)
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

  @Test(arguments: SampleFiles.models)
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

  private func differing(_ first: [Record], _ second: [Record]) -> [Int] {
    guard first.count == second.count else { return Array(first.indices) }
    return first.indices.filter { first[$0].content != second[$0].content }
  }
}
