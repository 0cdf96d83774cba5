import TensorFiles
import TestSupport
import Testing

/// Linear probing is the baseline of every comparison, so its learning rate is tuned.
@Suite(.serialized) struct LinearProbeTests {
  private func rate(_ run: String, in folder: TemporaryFolder) throws -> Double? {
    try JSONValue(parsing: try folder.text(run + "/summary.json")).object?["learning_rates"]?.object?["head"]?
      .number
  }

  @Test(arguments: [["--augment", "none"], ["--augment", "standard"], ["--validation-share", "0"]])
  func `a rate is chosen where none is given, and said`(_ options: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 10)
    let words = training("--method", "linear", "--epochs", "3") + options
    let result = try ToolProcess.run(
      words.filter { !["--dim", "4", "--kernels", "11,3"].contains($0) }, in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("the head's learning rate is"), "\(result.errors)")
    // Three epochs of few images: the small rates cannot have got anywhere.
    #expect(try (rate("run", in: folder) ?? 0) >= 1e-3)
  }

  /// The head `stages` has dropout, which needs a key for every image of a step.
  @Test(arguments: [
    ("backbones/timm_vit.ts17.dynamic.onnx", "mask", "none"),
    ("backbones/hf_swin.ts11.dynamic.slim.onnx", "stages", "none"),
    ("backbones/timm_resnet.ts17.dynamic.onnx", "stages", "standard"),
  ])
  func `a rate is chosen for heads of pixels`(_ file: String, _ head: String, _ augment: String) throws {
    let folder = try TemporaryFolder()
    try SegmentationTests.write(folder, train: 10, test: 2)
    let result = try ToolProcess.run(
      [
        "train", Scenario.fixture(file), "--data", "data", "-o", "run", "--task", "segmentation", "--method",
        "linear", "--head", head, "--epochs", "2", "--batch", "4", "--augment", augment,
      ], in: folder)
    #expect(result.code == 0 && result.errors.contains("the head's learning rate is"), "\(result.errors)")
  }

  @Test func `with fewer images than folds the folds that there were are counted`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 1, test: 1)
    let result = try ToolProcess.run(
      [
        "train", Scenario.transformer, "--data", "images", "-o", "run", "--method", "linear", "--epochs", "1",
      ],
      in: folder)
    #expect(result.code == 0 && result.errors.contains("3 folds of the training images"), "\(result.errors)")
  }

  @Test func `a rate that is given is kept`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let result = try ToolProcess.run(
      [
        "train", Scenario.transformer, "--data", "images", "-o", "run", "--method", "linear", "--epochs", "1",
        "--lr-head", "1e-4",
      ], in: folder)
    #expect(!result.errors.contains("the head's learning rate is"), "\(result.errors)")
    #expect(try rate("run", in: folder) == 1e-4)
  }

  @Test func `a resumed run goes on with the rate that was chosen`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    func train(_ run: String, _ words: String...) throws {
      let result = try ToolProcess.run(
        ["train", Scenario.transformer, "--data", "images", "-o", run, "--method", "linear"] + words,
        in: folder)
      #expect(result.code == 0, "\(result.errors)")
    }
    try train("whole", "--epochs", "4", "--lr-head", "1e-2")
    try train("parts", "--epochs", "2", "--lr-head", "1e-2")
    try train("parts", "--epochs", "4", "--lr-head", "1e-2", "--resume")
    #expect(try folder.bytes("whole/model.onnx") == folder.bytes("parts/model.onnx"))
    try train("chosen", "--epochs", "2")
    let rate = try rate("chosen", in: folder)
    try train("chosen", "--epochs", "4", "--resume")
    #expect(try self.rate("chosen", in: folder) == rate)
  }
}
