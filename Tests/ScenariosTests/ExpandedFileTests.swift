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

  @Test(.enabled(if: Python.hasONNX)) func `ONNX Runtime computes the same from the adapted file`() throws {
    let folder = try TemporaryFolder()
    let report = try ToolProcess.object(
      ["inject", Self.model, "-o", "adapted.onnx", "--dim", "2", "--kernels", "3,none"], in: folder)
    #expect(report["identical_at_start"]?.bool == true)
    #expect(try ToolProcess.run(["verify", "adapted.onnx"], in: folder).code == 0)
    let script = """
      import sys, numpy, onnxruntime
      images = numpy.random.default_rng(1).standard_normal((2, 3, 32, 32)).astype(numpy.float32)
      results = [onnxruntime.InferenceSession(path).run(None, {"input": images})[0] for path in sys.argv[1:]]
      print(numpy.abs(results[0] - results[1]).max() <= 1e-5 * numpy.abs(results[0]).max(), results[0].shape, end="")
      """
    #expect(try Python.run(script, [Self.model, folder.file("adapted.onnx")]) == "True (2, 5)")
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
