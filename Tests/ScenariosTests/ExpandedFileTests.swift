import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

/// A vision transformer that ONNX Runtime's optimiser rewrote, from the file to adapters in it.
@Suite(.serialized) struct ExpandedFileTests {
  private static let model = FixtureFiles.path("backbones/timm_vit.dy18.dynamic.ort-transformers.onnx")

  @Test func `verify finds it valid, bench runs it`() throws {
    let folder = try TemporaryFolder()
    #expect(try ToolProcess.run(["verify", Self.model], in: folder).code == 0)
    let bench = ["bench", Self.model, "--runs", "1", "--batch", "2"]
    #expect(try ToolProcess.run(bench, in: folder).code == 0)
  }

  @Test(.enabled(if: Python.hasONNX), arguments: BackboneFixture.expanded.filter { !$0.isHalf })
  func `ONNX Runtime computes the same from the adapted file`(_ fixture: BackboneFixture) throws {
    let folder = try TemporaryFolder()
    let model = BackboneFixture.folder + "/" + fixture.file
    let report = try ToolProcess.object(
      ["inject", model, "-o", "adapted.onnx", "--dim", "2", "--kernels", "3,none"], in: folder)
    #expect(report["identical_at_start"]?.bool == true)
    #expect(try ToolProcess.run(["verify", "adapted.onnx"], in: folder).code == 0)
    let script = """
      import sys, numpy, onnxruntime
      images = numpy.random.default_rng(1).standard_normal((int(sys.argv.pop()), 3, 32, 32)).astype(numpy.float32)
      results = [onnxruntime.InferenceSession(path).run(None, {"input": images})[0] for path in sys.argv[1:]]
      print(numpy.abs(results[0] - results[1]).max() <= 1e-5 * numpy.abs(results[0]).max(), results[0].shape, end="")
      """
    let count = fixture.dynamic ? 2 : 1
    #expect(try Python.run(script, [model, folder.file("adapted.onnx"), "\(count)"]) == "True (\(count), 5)")
  }

  @Test(arguments: [
    ["inject", "-o", "out.onnx"], ["train", "--data", "images", "-o", "run", "--method", "linear"],
  ])
  func `a quantised file is refused with the file to take instead, and can be inspected`(_ words: [String])
    throws
  {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    var model = try ONNXFile.read(Scenario.transformer)
    model.operatorSets.append(OperatorSet(domain: "com.microsoft", version: 1))
    let name = OperatorName("MatMulNBits", domain: "com.microsoft")
    for index in model.graph.nodes.indices
    where model.graph.nodes[index].operatorName == OperatorName("MatMul") {
      model.graph.nodes[index].operatorName = name
    }
    try ONNXFile.write(model, to: folder.file("model_q4.onnx"))
    let count = model.graph.nodes.count { $0.operatorName == name }
    let result = try ToolProcess.run([words[0], "model_q4.onnx"] + words.dropFirst(), in: folder)
    #expect(result.code == 3, "\(result.errors)")
    #expect(result.errors.contains("the file is quantised: it has com.microsoft.MatMulNBits ×\(count)"))
    #expect(
      result.errors.contains("use model.onnx or model_fp16.onnx of the same folder"), "\(result.errors)")
    #expect(result.errors.contains("UNSUPPORTED com.microsoft.MatMulNBits"), "\(result.errors)")
    let inspected = try ToolProcess.run(["inspect", "model_q4.onnx"], in: folder)
    #expect(inspected.code == 0, "\(inspected.errors)")
    #expect(inspected.output.contains("refused: the file is quantised"), "\(inspected.output)")
    #expect(inspected.output.contains("try: use model.onnx"), "\(inspected.output)")
  }

  @Test func `it trains with adapters, and the exported file computes what training measured`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let report = try ToolProcess.run(
      [
        "train", Self.model, "--data", "images", "-o", "run", "--epochs", "1", "--dim", "2", "--kernels",
        "3,none",
      ],
      in: folder)
    #expect(report.code == 0, "\(report.errors)")
    let images = folder.files(below: "images/test")
    #expect(try ToolProcess.run(["predict", "run/model.onnx", images[0]], in: folder).code == 0)
  }
}
