import Graphs
import ONNXFormat
import Operators
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Files in float16, as public repositories have them beside `model.onnx`, from the file to a trained one.
@Suite(.serialized) struct HalfFileTests {
  private static let adapters = ["--dim", "2", "--kernels", "3,none"]
  private static let script = """
    import sys, numpy, onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    count = int(sys.argv.pop())
    shape = onnxruntime.InferenceSession(sys.argv[1], options).get_inputs()[0].shape[1:]
    images = numpy.random.default_rng(1).standard_normal((count, *shape)).astype(numpy.float32)
    def run(path):
        session = onnxruntime.InferenceSession(path, options)
        return session.run(None, {session.get_inputs()[0].name: images})[0]
    """

  @Test(arguments: BackboneFixture.halves)
  func `inspect says in what the file computes`(_ fixture: BackboneFixture) throws {
    let folder = try TemporaryFolder()
    let model = BackboneFixture.folder + "/" + fixture.file
    let object = try ToolProcess.object(["inspect", model], in: folder)
    #expect(object["family"]?.string == fixture.family)
    #expect(object["stored_types"]?.array?.compactMap(\.string) == ["float16"])
    #expect(object["head"]?["classes"]?.integer == fixture.head?.classes)
    let text = try ToolProcess.run(["inspect", model], in: folder).output
    #expect(text.contains("precision    float16 in the file, computed in float32"), "\(text)")
  }

  @Test(.enabled(if: Python.hasONNX), arguments: BackboneFixture.halves)
  func `ONNX Runtime computes the same from the adapted file`(_ fixture: BackboneFixture) throws {
    let folder = try TemporaryFolder()
    let model = BackboneFixture.folder + "/" + fixture.file
    let report = try ToolProcess.object(["inject", model, "-o", "adapted.onnx"] + Self.adapters, in: folder)
    #expect(report["identical_at_start"]?.bool == true)
    #expect(report["modules"]?.integer == fixture.dka?["both"]?.modules)
    let verified = try ToolProcess.run(["verify", "adapted.onnx", "--against", model], in: folder)
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    // How it fuses nodes, and so rounds, may change where an adapter stands between them.
    let compare = """
      results = [run(path) for path in sys.argv[1:]]
      print(numpy.abs(results[0] - results[1]).max() <= 1e-2 * numpy.abs(results[0]).max(), results[0].shape, end="")
      """
    let count = fixture.dynamic ? 2 : 1
    let found = try Python.run(
      Self.script + "\n" + compare, [model, folder.file("adapted.onnx"), "\(count)"])
    #expect(found == "True (\(count), 5)")
  }

  @Test(
    .enabled(if: Python.hasONNX),
    arguments: BackboneFixture.halves.filter { $0.optimizer == nil && $0.dynamic })
  func `it trains, and ONNX Runtime computes from the trained file what the tool does`(
    _ fixture: BackboneFixture
  )
    throws
  {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let model = BackboneFixture.folder + "/" + fixture.file
    for (run, words) in [("dka", Self.adapters), ("full", ["--method", "full"])] {
      let report = try ToolProcess.run(
        [
          "train", model, "--data", "images", "-o", run, "--epochs", "2", "--lr-adapter", "1e-2", "--lr-head",
          "1e-2",
        ] + words,
        in: folder)
      #expect(report.code == 0, "\(report.errors)")
      let measured = try ToolProcess.run(["evaluate", "\(run)/model.onnx", "--data", "images"], in: folder)
      #expect(measured.code == 0, "\(measured.errors)")
      let write = """
        numpy.save(sys.argv[2], images)
        numpy.save(sys.argv[3], run(sys.argv[1]))
        """
      let files = ["\(run)/model.onnx", "images.npy", "logits.npy"].map(folder.file)
      #expect(try Python.run(Self.script + "\n" + write, files + ["2"]) == "")
      let result = try ToolProcess.run(
        ["run", "\(run)/model.onnx", "--input", "images.npy", "--output-dir", "\(run)/out", "--npy"],
        in: folder)
      #expect(result.code == 0, "\(result.errors)")
      let found = try NumPyArray.read(folder.file("\(run)/out/output_0.npy"))
      let expected = try NumPyArray.read(folder.file("logits.npy"))
      #expect(found.elementType == .float32 && found.shape == [2, 3])
      try expectClose(
        found.widened, expected.widened, .relativeToLargest(1e-2, reason: "ONNX Runtime computes in float16"))
    }
  }

  @Test func `bench, gradients and run take it`() throws {
    let folder = try TemporaryFolder()
    let fixture = try #require(BackboneFixture.halves.first { $0.dynamic && $0.family == "vit" })
    let model = BackboneFixture.folder + "/" + fixture.file
    for words in [[], ["--train"] + Self.adapters] {
      let object = try ToolProcess.object(["bench", model, "--runs", "1"] + words, in: folder)
      #expect(object["runs"]?.integer == 1)
    }
    try NumPyArray.write(try Tensor(zeros: [2, 3, 32, 32], of: .float32), to: folder.file("x.npy"))
    let inspected = try ToolProcess.object(["inspect", model], in: folder)
    let weight = try #require(inspected["head"]?["weight"]?.string)
    let result = try ToolProcess.run(
      ["gradients", model, "--input", "x.npy", "--wrt", weight, "--output-dir", "out"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
  }
}
