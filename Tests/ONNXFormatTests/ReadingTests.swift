import Graphs
import ONNXFormat
import Tensors
import Testing

@Suite struct ReadingTests {
  @Test(arguments: SampleFiles.exports)
  func `a real model opens and its weights are views of the file`(path: String) throws {
    let model = try ONNXFile.read(path)
    #expect(!model.graph.nodes.isEmpty)
    #expect(model.version(of: "") != nil)
    let inFile = model.graph.initializers.filter { constant in
      guard let origin = model.origin, let tensor = constant.tensor else { return false }
      return tensor.storage === origin.storage
    }
    #expect(inFile.count == model.graph.initializers.count)
  }
}
