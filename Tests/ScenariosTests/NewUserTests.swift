import Foundation
import TensorFiles
import TestSupport
import Testing

/// What stood in a new user's way, and must not again.
@Suite struct NewUserTests {
  @Test(arguments: [
    "timm_convnext.ts17.dynamic.slim", "timm_vit.ts17.dynamic", "hf_swin.ts11.dynamic.slim",
    "torchvision_efficientnet.ts17.dynamic", "timm_pvt.dy18.dynamic.slim",
  ])
  func `a network is told in twenty lines of eighty columns`(_ file: String) throws {
    let folder = try TemporaryFolder()
    let words = ["inspect", Scenario.fixture("backbones/\(file).onnx")]
    let lines = try ToolProcess.run(words, in: folder).output.split(separator: "\n")
    #expect(lines.count <= 20, "\(lines.joined(separator: "\n"))")
    #expect(lines.allSatisfy { $0.count <= 80 || !$0.contains(" ") })
    let object = try ToolProcess.object(words, in: folder)
    let all = try ToolProcess.run(words + ["--points"], in: folder).output
    for name in object["candidates"]?.array?.compactMap(\.string) ?? [] { #expect(all.contains(name)) }
    for name in object["operators"]?.object?.members.map(\.key) ?? [] { #expect(all.contains(name)) }
    for block in object["blocks"]?.array ?? [] {
      for point in block["points"]?.array ?? [] where point["placement"] != "block" {
        #expect(all.contains("'\(point["value"]?.string ?? "?")'"))
      }
    }
  }

  @Test func `assumed statistics are a warning, and refused ones stand in the JSON`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(["inspect", Scenario.transformer], in: folder)
    #expect(result.errors.contains("assuming ImageNet's usual statistics"))
    try FileManager.default.copyItem(atPath: Scenario.transformer, toPath: folder.file("model.onnx"))
    try folder.write(#"{"image_mean": "grey"}"#, to: "preprocessor_config.json")
    let object = try ToolProcess.object(["inspect", "model.onnx"], in: folder)
    #expect(object["preprocessing"] == .null)
    #expect(object["preprocessing_refusal"]?.object?["message"]?.string?.contains("image_mean") == true)
  }

  @Test(arguments: [
    ("--batch-size", "--batch"), ("--learning-rate", "--lr-adapter"), ("--device", "--threads"),
    ("--model", "MODEL stands without"), ("--k-fold", "--cross-validation"),
  ])
  func `options of other tools are answered with those of this one`(_ option: String, answer: String) throws {
    let result = try ToolProcess.run(["train", "m.onnx", option, "1"], in: TemporaryFolder())
    #expect(result.code == 64 && result.errors.contains(answer), "\(result.errors)")
  }

  @Test(arguments: [
    ["--method", "linear", "--dim", "4"], ["--placement", "foo"], ["--kernels", "4,5"], ["--blocks", "x"],
    ["--init", "foo"],
  ])
  func `errors about options of a method name the option`(_ words: [String]) throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(["inject", Scenario.transformer, "-o", "out.onnx"] + words, in: folder)
    #expect(
      result.code == 64 && result.errors.hasPrefix("error: \(words[words.count - 2]):"), "\(result.errors)")
  }

  @Test func `help explains the values of options a line each`() throws {
    let help = try ToolProcess.run(["train", "--help"], in: TemporaryFolder()).output
    for line in [
      "none: the centre is cut out", "both-shared: at the same two points", "parallel: beside attention",
      "torch: everything as PyTorch", "flip: mirrored",
    ] {
      #expect(help.split(separator: "\n").contains { $0.drop { $0 == " " }.hasPrefix(line) }, "\(line)")
    }
  }

  @Test func `outputs beyond the tolerance end with code 1`() throws {
    let folder = try TemporaryFolder()
    let other = ["inject", Scenario.transformer, "-o", "other.onnx", "--init", "torch"]
    #expect(try ToolProcess.run(other, in: folder).code == 0)
    let words = ["verify", "other.onnx", "--against", Scenario.transformer, "--json"]
    let apart = try ToolProcess.run(words, in: folder)
    #expect(try apart.code == 1 && apart.json()["valid"] == false)
    let near = try ToolProcess.run(words + ["--tolerance", "100"], in: folder)
    #expect(try near.code == 0 && near.json()["valid"] == true)
  }

  @Test func `every verb has JSON`() throws {
    for verb in [
      "inspect", "inject", "train", "apply", "evaluate", "predict", "run", "gradients", "conformance",
      "bench", "verify", "phantoms",
    ] {
      let help = try ToolProcess.run([verb, "--help"], in: TemporaryFolder()).output
      #expect(help.contains("--json"), "\(verb)")
    }
    let folder = try TemporaryFolder()
    let drawn = try ToolProcess.object(
      ["phantoms", "-o", "images", "--train", "1", "--test", "0", "--side", "32"], in: folder)
    #expect(drawn["images"]?.integer == 3)
  }

  @Test func `the validation images give the result where there are no others`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 0)
    let images = folder.files(below: "images/train")
    let rows = images.enumerated().map {
      "\($1),\($1.split(separator: "/")[2]),\($0 % 4 == 0 ? "validation" : "train")"
    }
    try folder.write((["file,class,split"] + rows).joined(separator: "\n"), to: "table.csv")
    var words = training("--epochs", "1")
    words[3] = "table.csv"
    let result = try ToolProcess.run(words, in: folder)
    #expect(result.code == 0 && result.output.contains("validation images, epoch 1"), "\(result.errors)")
    let measured = try ToolProcess.object(["evaluate", "run/model.onnx", "--data", "table.csv"], in: folder)
    #expect(measured["images"]?.integer == 3)
    let trained = try ToolProcess.object(
      ["evaluate", "run/model.onnx", "--data", "table.csv", "--part", "train"], in: folder)
    #expect(trained["images"]?.integer == 9)
  }

  /// Rotated positions, gated MLPs, relative positions.
  @Test(arguments: [
    "timm_dinov3.dy18.dynamic.slim", "timm_eva02.ts13.dynamic", "timm_beit.ts17.fixed",
    "hf_dinov2_swiglu.dy18.dynamic.slim",
  ])
  func `vision transformers of newer kinds train`(_ file: String) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    var words = training("--epochs", "1")
    words[1] = Scenario.fixture("backbones/\(file).onnx")
    let result = try ToolProcess.run(words + ["--json"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    // Two blocks of width 24, dim 4 and kernels 11 and 3 at two points each.
    #expect(try result.json()["trainable_parameters"]?.integer == 4 * (2 * 24 * 4 + 4 * (121 + 9)))
    let written = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    #expect(written["family"] == "vit" && written["adapters"]?.object?["modules"]?.integer == 4)
  }

  /// 3 blocks have a bias of 2 × 16 × 16 each, one a mask of 4 × 16 × 16.
  @Test func `full fine-tuning says what stays frozen`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    let model = Scenario.fixture("backbones/timm_swin.ts17.fixed.slim.onnx")
    let result = try ToolProcess.run(
      ["train", model, "--data", "images", "-o", "run", "--method", "full", "--epochs", "1"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(
      result.errors.contains("\(3 * 2 * 256 + 4 * 256) numbers in 4 tensors stay frozen"), "\(result.errors)")
    // Six BatchNormalizations: 184 means and as many variances, counted with Python's onnx.
    let network = Scenario.fixture("backbones/timm_resnetv2.dy18.dynamic.slim.onnx")
    let convolutional = try ToolProcess.run(
      ["train", network, "--data", "images", "-o", "cnn", "--method", "full", "--epochs", "1"], in: folder)
    #expect(
      convolutional.errors.contains("368 numbers in 12 tensors stay frozen: statistics"),
      "\(convolutional.errors)")
    let plain = try ToolProcess.run(
      ["train", Scenario.transformer, "--data", "images", "-o", "vit", "--method", "full", "--epochs", "1"],
      in: folder)
    #expect(plain.code == 0 && !plain.errors.contains("stay frozen"), "\(plain.errors)")
  }

  @Test func `before the first epoch a run says how long it takes`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let result = try ToolProcess.run(training("--epochs", "2"), in: folder)
    let lines = result.errors.split(separator: "\n")
    let outlook = try #require(lines.firstIndex { $0.contains("2 epochs of") && $0.contains("of memory") })
    let first = try #require(lines.firstIndex { $0.hasPrefix("epoch 1") })
    #expect(outlook < first && lines[..<outlook].contains { $0.hasPrefix("reading images") })
  }
}
