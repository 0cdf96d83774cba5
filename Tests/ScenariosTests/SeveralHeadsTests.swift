import Datasets
import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Files with more than one head for pixels, and with more than its scores at the end of one.
@Suite struct SeveralHeadsTests {
  private let folder: TemporaryFolder

  private static let recipe = [
    "--data", "data", "--task", "segmentation", "--batch", "4", "--epochs", "1", "--mean",
    "0.5", "--std", "0.5",
  ]

  /// Four quarters of a square, a class each: as many as the Segmenter tells apart.
  init() throws {
    folder = try TemporaryFolder()
    for (part, count) in [("train", 4), ("test", 2)] {
      for number in 0..<count {
        let mask: [UInt8] = (0..<1024).map { (pixel: Int) -> UInt8 in
          UInt8(pixel / 512 * 2 + pixel % 32 / 16)
        }
        for (kind, bytes) in [("images", mask.map { 60 * $0 + UInt8(number) }), ("masks", mask)] {
          try folder.write(
            PNGCoder.encode(Image(width: 32, height: 32, channels: 1, bytes: bytes)),
            to: "data/\(part)/\(kind)/\(part)\(number).png")
        }
      }
    }
  }

  private func segmenter() throws -> ModelDescription {
    try ONNXFile.read(Scenario.fixture("segmenter/segmenter_mask.ts17.dynamic.onnx"))
  }

  /// The Segmenter with its mask transformer twice, each with weights of its own.
  private func twice() throws -> ModelDescription {
    var model = try segmenter()
    let mark = "second/"
    var renamed: Set<String> = []
    for initializer in model.graph.initializers where initializer.name.hasPrefix("decoder.") {
      var copy = initializer
      copy.name = mark + initializer.name
      model.graph.initializers.append(copy)
      renamed.insert(initializer.name)
    }
    for node in model.graph.nodes where node.inputs.contains(where: renamed.contains) {
      var copy = node
      copy.name = mark + node.name
      copy.inputs = node.inputs.map { renamed.contains($0) ? mark + $0 : $0 }
      copy.outputs = node.outputs.map { mark + $0 }
      renamed.formUnion(node.outputs)
      model.graph.nodes.append(copy)
    }
    var output = model.graph.outputs[0]
    output.name = mark + output.name
    model.graph.outputs.append(output)
    return model
  }

  private func train(_ words: [String]) throws -> ToolResult {
    try ToolProcess.run(["train", "model.onnx", "-o", "run", "--dim", "4"] + Self.recipe + words, in: folder)
  }

  @Test func `of two heads for pixels none is chosen silently`() throws {
    try folder.write([], to: "model.onnx")
    try ONNXFile.write(try twice(), to: folder.file("model.onnx"))
    let shown = try ToolProcess.object(["inspect", "model.onnx"], in: folder)
    #expect(shown["family"]?.string == "segmenter" && shown["blocks"]?.array?.count == 2)
    #expect(shown["mask_head"]?["output"]?.string == "logits")
    #expect(shown["mask_head"]?["others"]?.array?.compactMap(\.string) == ["second/logits"])
    let refused = try train([])
    #expect(refused.code == 65)
    #expect(
      refused.errors.contains("each of the outputs 'logits', 'second/logits' could be the scores"),
      "\(refused.errors)")
    #expect(refused.errors.contains("--new-head"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
    var answering = try twice()
    answering.metadata.append(MetadataEntry(key: "task", value: "segment"))
    try folder.write([], to: "answering.onnx")
    try ONNXFile.write(answering, to: folder.file("answering.onnx"))
    let unnamed = try ToolProcess.run(["evaluate", "answering.onnx", "--data", "data"], in: folder)
    #expect(unnamed.code == 65)
    #expect(
      unnamed.errors.contains("each of the outputs 'logits', 'second/logits' could be the scores"),
      "\(unnamed.errors)")

    // A new head takes the place of both.
    let fresh = try train(["--new-head"])
    #expect(fresh.code == 0, "\(fresh.errors)")
    let outputs = try ONNXFile.read(folder.file("run/model.onnx")).graph.outputs.map(\.name)
    #expect(outputs == ["logits"])
  }

  @Test func `the head that the metadata name is kept, and the other stays as it is`() throws {
    var model = try twice()
    model.metadata.append(MetadataEntry(key: "dka.output", value: "second/logits"))
    try folder.write([], to: "model.onnx")
    try ONNXFile.write(model, to: folder.file("model.onnx"))
    let kept = try train([])
    #expect(kept.code == 0, "\(kept.errors)")
    #expect(kept.errors.contains("its head is trained further"))
    let after = try ONNXFile.read(folder.file("run/model.onnx")).graph
    #expect(after.outputs.map(\.name) == ["logits", "second/logits"])
    func tensor(_ name: String, _ graph: Graph) throws -> Tensor {
      guard case .dense(let tensor)? = graph.initializers.first(where: { $0.name == name })?.payload else {
        throw CocoaError(.fileReadCorruptFile)
      }
      return tensor
    }
    for name in model.graph.initializers.map(\.name) where name.contains("decoder.") {
      let isSame = try tensor(name, after).isIdentical(to: try tensor(name, model.graph))
      #expect(isSame == !name.hasPrefix("second/"), "\(name)")
    }
  }

  @Test func `full fine-tuning counts no weight of a head that does not train`() throws {
    var model = try twice()
    model.metadata.append(MetadataEntry(key: "dka.output", value: "second/logits"))
    try folder.write([], to: "model.onnx")
    func counted() throws -> Substring? {
      let run = try ToolProcess.run(
        ["train", "model.onnx", "-o", "run", "--method", "full"] + Self.recipe, in: folder)
      #expect(run.code == 0, "\(run.errors)")
      try FileManager.default.removeItem(atPath: folder.file("run"))
      return run.errors.split(separator: "\n").first { $0.contains("trainable parameters below the head") }
    }
    try ONNXFile.write(try segmenter(), to: folder.file("model.onnx"))
    let one = try #require(try counted())
    try ONNXFile.write(model, to: folder.file("model.onnx"))
    #expect(try counted() == one)
  }

  @Test func `a file that ends with Softmax trains on its logits and measures the same as one that does not`()
    throws
  {
    let plain = try segmenter()
    var soft = plain
    soft.graph.nodes.append(
      Node(
        OperatorName("Softmax"), name: "soft", inputs: ["logits"], outputs: ["probabilities"],
        attributes: [Attribute("axis", 1)]))
    var output = soft.graph.outputs[0]
    output.name = "probabilities"
    soft.graph.outputs = [output]
    var reports: [JSONObject] = []
    for (name, model) in [("plain", plain), ("soft", soft)] {
      try folder.write([], to: "\(name).onnx")
      try ONNXFile.write(model, to: folder.file("\(name).onnx"))
      let result = try ToolProcess.run(
        ["train", "\(name).onnx", "-o", name, "--json", "--dim", "4"] + Self.recipe, in: folder)
      #expect(result.code == 0 && result.errors.contains("its head is trained further"), "\(result.errors)")
      let answers = try ToolProcess.run(
        ["predict", "\(name)/model.onnx", "data/test/images", "-o", "\(name)-masks", "--probabilities"],
        in: folder)
      #expect(answers.code == 0, "\(answers.errors)")
      reports.append(
        try ToolProcess.object(["evaluate", "\(name)/model.onnx", "--data", "data"], in: folder))
    }
    #expect(reports[0]["iou"] == reports[1]["iou"] && reports[0]["hd95"] == reports[1]["hd95"])
    for number in 0..<2 {
      let files = try ["plain", "soft"].map {
        try folder.bytes("\($0)-masks/test\(number)_probabilities.npy")
      }
      #expect(files[0] == files[1])
    }
  }
}
