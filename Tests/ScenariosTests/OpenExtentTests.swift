import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Files that leave channels, height and width of their images open.
@Suite(.serialized) struct OpenExtentTests {
  private static let adapters = ["--dim", "2", "--kernels", "3,none"]

  private func folder(hasPositions: Bool = true) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try OpenTransformer.write(to: folder, hasPositions: hasPositions)
    return folder
  }

  private func inputShape(_ path: String) throws -> String {
    guard case .tensor(_, let dimensions?)? = try ONNXFile.read(path).graph.inputs[0].type?.kind else {
      return "?"
    }
    return dimensions.map(\.description).joined(separator: ",")
  }

  @Test func `inspect says what was bound, and that the position embedding told it`() throws {
    let folder = try folder()
    let object = try ToolProcess.object(["inspect", "model.onnx"], in: folder)
    #expect(object["family"]?.string == "vit")
    let bound = try #require(object["bound"])
    #expect(bound["height"]?.integer == 8 && bound["width"]?.integer == 8)
    #expect(bound["channels"]?.integer == 3)
    #expect(bound["source"]?.string == "the position embedding")
    let shape = object["inputs"]?.array?.first?["shape"]?.array?.compactMap(\.string)
    #expect(shape == ["batch", "channels", "height", "width"])
    let text = try ToolProcess.run(["inspect", "model.onnx"], in: folder).output
    #expect(text.contains("bound        height 8, width 8 (the position embedding), channels 3"))
  }

  @Test(arguments: [33, 30]) func `a size that patches do not divide is refused`(_ side: Int) throws {
    let folder = try folder(hasPositions: false)
    for isSaid in [true, false] {
      if !isSaid { try folder.write(#"{"size": \#(side)}"#, to: "preprocessor_config.json") }
      let words = isSaid ? ["--image-size", "\(side)"] : []
      let result = try ToolProcess.run(["inject", "model.onnx", "-o", "adapted.onnx"] + words, in: folder)
      #expect(result.code == 65, "\(result.errors)")
      #expect(
        result.errors.contains(
          "input 'pixel_values': images of \(side) pixels can't be cut into patches of 4, the last \(side % 4) of"
        ),
        "\(result.errors)")
      #expect(result.errors.contains("try: say a multiple of 4 with --image-size"), "\(result.errors)")
    }
  }

  @Test(arguments: [
    ("preprocessor_config.json", #"{"size": 16, "image_mean": 0.5, "image_std": 0.5}"#),
    ("preprocessor_config.json", #"{"do_center_crop": true, "size": 20, "crop_size": 16}"#),
    ("config.json", #"{"architecture": "vit", "input_size": [3, 16, 16], "mean": [0.5, 0.5, 0.5]}"#),
  ]) func `a file beside the model goes before the position embedding, the option before both`(
    _ name: String, _ content: String
  ) throws {
    let folder = try folder(hasPositions: false)
    try folder.write(content, to: name)
    let told = try ToolProcess.object(["inspect", "model.onnx"], in: folder)["bound"]
    #expect(told?["height"]?.integer == 16)
    #expect(told?["source"]?.string == name)
    let said = try ToolProcess.object(["inspect", "model.onnx", "--image-size", "8"], in: folder)["bound"]
    #expect(said?["height"]?.integer == 8)
    #expect(said?["source"]?.string == "--image-size")
  }

  @Test func `where nothing tells the size, the option is asked for`() throws {
    let folder = try folder(hasPositions: false)
    for words in [["inject", "-o", "adapted.onnx"], ["bench"], ["predict", "no.png"], ["verify"]] {
      let result = try ToolProcess.run([words[0], "model.onnx"] + words.dropFirst(), in: folder)
      #expect(result.code == 65, "\(words)")
      let said = result.output + result.errors
      #expect(said.contains("input 'pixel_values' leaves the image size open"), "\(words): \(said)")
      #expect(said.contains("say it with --image-size"), "\(words): \(said)")
      for way in ["dka.preprocessing.resize", "preprocessor_config.json", "config.json (timm)"] {
        #expect(said.contains(way), "\(words): \(said)")
      }
    }
    let inspected = try ToolProcess.run(["inspect", "model.onnx"], in: folder)
    #expect(inspected.code == 0)
    #expect(inspected.output.contains("try: say it with --image-size"))
    let verified = try ToolProcess.object(["verify", "model.onnx", "--image-size", "16"], in: folder)
    #expect(verified["valid"]?.bool == true)
  }

  @Test func `another size than a file fixes is refused`() throws {
    let folder = try TemporaryFolder()
    for words in [["inject", "-o", "adapted.onnx"], ["bench"]] {
      let words = [words[0], Scenario.transformer, "--image-size", "16"] + words.dropFirst()
      let result = try ToolProcess.run(words, in: folder)
      #expect(result.code == 65)
      #expect(result.errors.contains("takes images of 32 pixels, --image-size says 16"))
    }
  }

  @Test func `the adapted file leaves its input open, and says that it computes at one size only`() throws {
    let folder = try folder()
    let object = try ToolProcess.object(
      ["inject", "model.onnx", "-o", "adapted.onnx"] + Self.adapters, in: folder)
    #expect(object["identical_at_start"]?.bool == true)
    #expect(object["only_at_bound_size"]?.bool == true)
    #expect(try inputShape(folder.file("adapted.onnx")) == "batch,channels,height,width")
    let probe = try ToolProcess.object(
      ["inject", "model.onnx", "-o", "probe.onnx", "--method", "linear", "--classes", "3"], in: folder)
    #expect(probe["only_at_bound_size"]?.bool == false)
  }

  @Test func `verify compares an adapted file with its base`() throws {
    let folder = try folder()
    _ = try ToolProcess.object(["inject", "model.onnx", "-o", "adapted.onnx"] + Self.adapters, in: folder)
    let object = try ToolProcess.object(["verify", "adapted.onnx", "--against", "model.onnx"], in: folder)
    #expect(object["valid"]?.bool == true)
    #expect(object["largest_difference"]?.number == 0)
  }

  @Test func `a trained model is open still, and knows its size`() throws {
    let folder = try folder(hasPositions: false)
    try folder.drawPhantoms()
    let report = try ToolProcess.run(
      ["train", "model.onnx", "--data", "images", "-o", "run", "--epochs", "1", "--image-size", "16"]
        + Self.adapters, in: folder)
    #expect(report.code == 0, "\(report.errors)")
    #expect(report.errors.contains("bound: height 16, width 16 (--image-size), channels 3"))
    #expect(try inputShape(folder.file("run/model.onnx")) == "batch,channels,height,width")
    let images = Array(folder.files(below: "images/test").prefix(2))
    let told = try ToolProcess.run(["predict", "run/model.onnx", "--json"] + images, in: folder)
    #expect(told.code == 0, "\(told.errors)")
    #expect(told.errors.contains("(the model's metadata)"))
    let said = try ToolProcess.run(
      ["predict", "run/model.onnx", "--json", "--image-size", "16"] + images, in: folder)
    #expect(said.output == told.output)
    let measured = try ToolProcess.run(["evaluate", "run/model.onnx", "--data", "images"], in: folder)
    #expect(measured.code == 0, "\(measured.errors)")
  }

  @Test func `bench measures a step and a run`() throws {
    let folder = try folder()
    for words in [[], ["--train"] + Self.adapters] {
      let object = try ToolProcess.object(["bench", "model.onnx", "--runs", "1"] + words, in: folder)
      #expect(object["bound"]?["height"]?.integer == 8)
    }
  }

  @Test func `run takes what it is given`() throws {
    let folder = try folder(hasPositions: false)
    for side in [8, 16] {
      let images = try Tensor(zeros: Shape([2, 3, side, side]), of: .float32)
      try NumPyArray.write(images, to: folder.file("x.npy"))
      let result = try ToolProcess.run(
        ["run", "model.onnx", "--input", "x.npy", "--output-dir", "out\(side)"], in: folder)
      #expect(result.code == 0, "\(result.errors)")
    }
  }

  @Test(.enabled(if: Python.hasONNX)) func `a second runtime computes the same from the adapted file`() throws
  {
    let folder = try folder()
    _ = try ToolProcess.object(["inject", "model.onnx", "-o", "adapted.onnx"] + Self.adapters, in: folder)
    let script = """
      import sys, numpy, onnxruntime
      images = numpy.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(numpy.float32)
      results = [onnxruntime.InferenceSession(path).run(None, {"pixel_values": images})[0] for path in sys.argv[1:]]
      print(numpy.array_equal(*results), results[0].shape, end="")
      """
    let files = ["model.onnx", "adapted.onnx"].map(folder.file)
    #expect(try Python.run(script, files) == "True (2, 2)")
  }

  @Test(
    .enabled(if: SharedData.isPresent), arguments: ["optimum-like.onnx", "height-width-open.onnx"]
  ) func `exports for a browser train and predict`(_ name: String) throws {
    let folder = try TemporaryFolder()
    let model = SharedData.path("faults/03-open-image-size/" + name)
    try folder.drawPhantoms()
    let report = try ToolProcess.run(
      ["train", model, "--data", "images", "-o", "run", "--epochs", "1"] + Self.adapters, in: folder)
    #expect(report.code == 0, "\(report.errors)")
    let images = folder.files(below: "images/test")
    let result = try ToolProcess.run(["predict", "run/model.onnx", images[0]], in: folder)
    #expect(result.code == 0, "\(result.errors)")
  }
}
