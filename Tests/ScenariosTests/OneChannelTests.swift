import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// A network that takes grey images is inspected, trained and measured like any other.
@Suite(.serialized) struct OneChannelTests {
  /// A folder with the network as `model.onnx`, with its image size open or fixed, and images.
  private func folder(isFixed: Bool = false) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try OpenTransformer.write(to: folder, channels: 1)
    if isFixed {
      var model = try ONNXFile.read(folder.file("model.onnx"))
      let extents: [Dimension.Extent] = [.parameter("batch"), .value(1), .value(8), .value(8)]
      let float: Int32 = 1
      model.graph.inputs[0].type = TypeDescription(
        .tensor(elementType: float, shape: extents.map { Dimension($0) }))
      try ONNXFile.write(model, to: folder.file("model.onnx"))
    }
    try folder.drawPhantoms(train: 4)
    return folder
  }

  @Test(arguments: [false, true])
  func `a network of one channel is prepared for with one number each`(isFixed: Bool) throws {
    let folder = try folder(isFixed: isFixed)
    let object = try ToolProcess.object(["inspect", "model.onnx"], in: folder)
    #expect(object["preprocessing"]?["mean"]?.array?.count == 1)
    #expect(object["preprocessing"]?["std"]?.array?.count == 1)
  }

  @Test func `a file beside the model says the number of its one channel`() throws {
    let folder = try folder()
    let settings = #"{"pretrained_cfg": {"input_size": [1, 8, 8], "mean": [0.3], "std": [0.2]}}"#
    try folder.write(settings, to: "config.json")
    let found = try ToolProcess.object(["inspect", "model.onnx"], in: folder)["preprocessing"]
    #expect(found?["mean"]?.array?.count == 1 && found?["source"]?.string == "config.json")
    try folder.write(settings.replacing("[1, 8, 8]", with: "[3, 8, 8]"), to: "config.json")
    let result = try ToolProcess.run(["evaluate", "model.onnx", "--data", "images"], in: folder)
    #expect(result.code == 65 && result.errors.contains("expected [1, side, side]"), "\(result.errors)")
  }

  @Test func `metadata of three channels do not fit a network of one`() throws {
    let folder = try folder()
    var model = try ONNXFile.read(folder.file("model.onnx"))
    let fields = [
      ("resize", "8x8"), ("crop", "none"), ("interpolation", "bilinear"), ("mean", "0 0 0"), ("std", "1 1 1"),
    ]
    model.metadata += fields.map { MetadataEntry(key: "dka.preprocessing.\($0.0)", value: $0.1) }
    try ONNXFile.write(model, to: folder.file("model.onnx"))
    let result = try ToolProcess.run(["evaluate", "model.onnx", "--data", "images"], in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("the model's metadata says have 3 channels, the model takes 1"))
  }

  @Test func `it is trained, resumed and measured, and its file says how it is fed`() throws {
    let folder = try folder()
    let words = [
      "train", "model.onnx", "--data", "images", "-o", "run", "--method", "linear", "--mean", "0.3", "--std",
      "0.2", "--epochs",
    ]
    _ = try ToolProcess.object(words + ["1"], in: folder)
    _ = try ToolProcess.object(words + ["2", "--resume"], in: folder)
    let written = try ONNXFile.read(folder.file("run/model.onnx")).metadata
    let entries = Dictionary(uniqueKeysWithValues: written.map { ($0.key, $0.value) })
    #expect(entries["dka.preprocessing.channels"] == "1" && entries["dka.preprocessing.mean"] == "0.3")
    #expect(entries["Image.BitmapPixelFormat"] == "Gray8")
    let summary = try #require(try JSONValue(parsing: try folder.text("run/summary.json")).object)
    let measured = try ToolProcess.object(
      ["evaluate", "run/model.onnx", "--data", "images", "--save-inputs", "inputs"], in: folder)
    #expect(measured["confusion"] == summary["test"]?.object?["confusion"])
    #expect(
      try NumPyArray.read(folder.file("inputs/00000_benign_0001.npy")).shape == Shape([1, 1, 8, 8]))
  }

  @Test func `it takes images in colour`() throws {
    let image = FixtureFiles.path("preprocessing/portrait.png")
    let result = try ToolProcess.run(["predict", "model.onnx", image, "--json"], in: try folder())
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test func `three means for one channel are a wrong call`() throws {
    let result = try ToolProcess.run(
      ["evaluate", "model.onnx", "--data", "images", "--mean", "0.5,0.5,0.5"], in: try folder())
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.errors.contains("--mean: takes one number, as the model takes one channel, found 3"))
  }
}
