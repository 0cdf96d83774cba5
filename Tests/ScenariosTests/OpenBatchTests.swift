import TensorFiles
import TestSupport
import Testing

/// Files that were exported for one image give a model for any number.
@Suite(.serialized) struct OpenBatchTests {
  static let files = [
    "timm_vit.ts17.fixed.slim", "timm_swin_pad.dy20.fixed.slim", "torchvision_swinv2.dy24.fixed.slim",
    "timm_siglip.dy24.fixed.slim", "torchvision_vit.dy24.fixed.slim", "torchvision_resnet.ts11.fixed",
  ]

  private func train(_ file: String, _ words: [String] = []) throws -> (TemporaryFolder, ToolResult) {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 3)
    let result = try ToolProcess.run(
      [
        "train", Scenario.fixture("backbones/\(file).onnx"), "--data", "images", "-o", "run", "--epochs", "1",
        "--batch", "6", "--dim", "4", "--kernels", "11,3", "--verbose",
      ] + words, in: folder)
    try #require(result.code == 0, "\(result.errors)")
    return (folder, result)
  }

  private func batch(in folder: TemporaryFolder) throws -> JSONValue? {
    let object = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    return object["inputs"]?.array?.first?["shape"]?.array?.first
  }

  @Test(arguments: files) func `the trained model takes any batch`(_ file: String) throws {
    let (folder, result) = try train(file)
    #expect(result.errors.contains("model.onnx takes any number"), "\(result.errors)")
    #expect(file.contains("resnet") || result.errors.contains("open batch: "))
    #expect(try batch(in: folder) == "batch")
    let alone = try ToolProcess.object(
      ["predict", "run/model.onnx", folder.files(below: "images/test")[4]], in: folder)
    let together = try ToolProcess.object(["predict", "run/model.onnx", "images/test"], in: folder)
    #expect(together["predictions"]?.array?[4] == alone["predictions"]?.array?[0])
    #expect(try ToolProcess.object(["verify", "run/model.onnx"], in: folder)["valid"] == true)
  }

  @Test func `a second output of classes is opened like the scores`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 3)
    let words = [
      "--task", "segmentation", "--with-argmax", "--head", "linear", "--epochs", "1", "--batch", "6", "--dim",
      "4",
    ]
    let result = try ToolProcess.run(
      [
        "train", Scenario.fixture("backbones/\(Self.files[0]).onnx"), "--data", "images/index.csv", "-o",
        "run",
      ] + words,
      in: folder)
    #expect(result.code == 0 && result.errors.contains("model.onnx takes any number"), "\(result.errors)")
    let shown = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    let outputs = try #require(shown["outputs"]?.array)
    #expect(outputs.map { $0["name"]?.string } == ["logits", "mask"])
    #expect(outputs.allSatisfy { $0["shape"]?.array?.first == "batch" })
  }

  @Test func `on request the batch stays`() throws {
    let (folder, result) = try train(Self.files[0], ["--keep-batch"])
    #expect(!result.errors.contains("takes any number"))
    #expect(try batch(in: folder) == 1)
  }
}
