import Graphs
import ONNXFormat
import TestSupport
import Testing

@Suite struct UnknownAttributeTests {
  /// A network of which one node has an attribute that its operator does not know.
  private func withModel() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        odd (float[1, 3, 4, 4] image) => (float[1, 3] scores) {
          [mean] scores = ReduceMean <axes = [2, 3], keepdims = 0, speed = 3> (image)
        }
        """)
    try ONNXFile.write(model, to: folder.file("odd.onnx"))
    return folder
  }

  @Test(arguments: [["bench", "--runs", "1"], ["inspect"]])
  func `an attribute that an operator does not know is a warning`(words: [String]) throws {
    let folder = try withModel()
    let result = try ToolProcess.run(words + ["odd.onnx"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(
      result.errors.contains("node 'mean': its operator has no attribute 'speed', which is not read"),
      "\(result.errors)")
  }

  @Test func `verify refuses it`() throws {
    let result = try ToolProcess.run(["verify", "odd.onnx"], in: try withModel())
    #expect(result.code != 0 && (result.output + result.errors).contains("speed"), "\(result.errors)")
  }

  @Test(arguments: [["bench", "--runs", "1"], ["inspect"]])
  func `of thousands a few are named, the others counted`(words: [String]) throws {
    let folder = try TemporaryFolder()
    var model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        odd (float[1, 3] image) => (float[1, 3] scores) { scores = Relu (image) }
        """)
    let attributes = (0..<3000).map { Attribute("speed\($0)", 3) }
    model.graph.nodes[0].attributes = attributes
    try ONNXFile.write(model, to: folder.file("odd.onnx"))
    let result = try ToolProcess.run(words + ["odd.onnx"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("2980 more attributes that are not read"))
    #expect(result.errors.split(separator: "\n").count < 30)
  }
}
