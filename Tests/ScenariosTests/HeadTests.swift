import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

/// What the verbs say of a network's classifier, old or new.
@Suite(.serialized) struct HeadTests {
  @Test func `inject with a new classifier claims equality up to it, and says so`() throws {
    let folder = try TemporaryFolder()
    let words = ["inject", Scenario.transformer, "-o", "adapted.onnx", "--classes", "3"]
    let object = try ToolProcess.object(words, in: folder)
    #expect(object["identical_at_start"]?.bool == true)
    #expect(object["new_head"]?.bool == true)
    let text = try ToolProcess.run(words + ["--force"], in: folder).output
    #expect(text.contains("the classifier is new; what it reads equals the original's"))
  }

  @Test func `inject of one class ends with 64`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(
      ["inject", Scenario.transformer, "-o", "adapted.onnx", "--classes", "1"], in: folder)
    #expect(result.code == 64)
    #expect(result.errors.contains("one class leaves nothing to tell apart"))
  }

  @Test func `train refuses two classifiers by name before it looks for images`() throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(Scenario.transformer)
    var second = try #require(model.graph.nodes.last { $0.operatorName.type == "Gemm" })
    second.name = "second"
    second.outputs = ["second"]
    model.graph.nodes.append(second)
    let type = model.graph.outputs[0].type
    model.graph.outputs.append(ValueDescription(name: "second", type: type))
    try ONNXFile.write(model, to: folder.file("two.onnx"))
    let result = try ToolProcess.run(
      ["train", "two.onnx", "--data", "nowhere", "-o", "run"], in: folder)
    #expect(result.code == 65)
    #expect(result.errors.contains("each of the outputs 'logits', 'second' could be the scores"))
  }

  @Test func `inspect of an unknown family tells its classifier and the methods that need no points`() throws
  {
    let folder = try TemporaryFolder()
    let object = try ToolProcess.object(
      ["inspect", Scenario.fixture("backbones/mlp.ts17.dynamic.onnx")], in: folder)
    #expect(object["family"] == .null)
    #expect(object["head"]?.object?["features"]?.integer == 4)
    #expect(object["methods"]?.array?.compactMap(\.string) == ["full", "linear"])
    #expect(object["scores"]?.object?["kind"]?.string == "logits")
  }
}
