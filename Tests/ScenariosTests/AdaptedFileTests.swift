import TensorFiles
import TestSupport
import Testing

/// Files that dka wrote are its own input: known, trained further, made again from base and adapter.
@Suite(.serialized) struct AdaptedFileTests {
  private func run(_ base: String, _ words: [String] = []) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let result = try ToolProcess.run(
      [
        "train", base, "--data", "images", "-o", "run", "--epochs", "1", "--batch", "6", "--dim", "4",
        "--kernels", "11,3",
      ]
        + words, in: folder)
    try #require(result.code == 0, "\(result.errors)")
    return folder
  }

  /// Every placement of each family, and points given by hand.
  static let ways: [(String, [String])] = [
    ("timm_vit.ts17.dynamic", []), ("timm_vit.ts17.dynamic", ["--placement", "both-shared", "--bias"]),
    ("timm_vit.ts17.dynamic", ["--placement", "before-add", "--inner-gelu"]),
    ("timm_vit.ts17.dynamic", ["--placement", "parallel", "--blocks", "1"]),
    ("timm_vit.ts17.fixed.slim", ["--placement", "block"]), ("hf_swin.ts11.dynamic.slim", []),
    ("torchvision_resnet.ts11.fixed", []),
    ("torchvision_mobilenet.ts17.dynamic", ["--placement", "before-add"]),
    ("timm_convnext.ts17.dynamic.slim", ["--at", "/stages/stages.1/blocks/blocks.0/Add_output_0"]),
    ("timm_vit.ts11.fixed.fp16", []),
  ]

  @Test(arguments: ways.indices)
  func `an adapted file is known, and trains further with the same points`(_ index: Int) throws {
    let (file, words) = Self.ways[index]
    let folder = try run(
      Scenario.fixture("backbones/\(file).onnx"), words)
    let before = try ToolProcess.object(["inspect", Scenario.fixture("backbones/\(file).onnx")], in: folder)
    let after = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    #expect(
      after["family"] == before["family"] && after["blocks"]?.array?.count == before["blocks"]?.array?.count)
    let adapters = after["adapters"]?.object
    #expect(adapters?["options"]?.object?["dim"]?.string == "4", "\(String(describing: adapters))")
    let further = try ToolProcess.run(
      ["train", "run/model.onnx", "--data", "images", "-o", "further", "--epochs", "1", "--json"], in: folder)
    #expect(further.code == 0, "\(further.errors)")
    #expect(further.errors.contains("which are trained further") && further.errors.contains("--new-head"))
    let summary = try JSONValue(parsing: try folder.text("run/summary.json")).object
    #expect(try further.json()["trainable_parameters"] == summary?["trainable_parameters"])
    let nodes = try ToolProcess.object(["inspect", "further/model.onnx"], in: folder)["operators"]
    #expect(nodes == after["operators"])
  }

  @Test func `training further begins where the first training ended`() throws {
    let folder = try run(Scenario.transformer)
    // A rate that changes nothing a float32 could hold leaves the tensors as they are.
    let further = try ToolProcess.run(
      [
        "train", "run/model.onnx", "--data", "images", "-o", "further", "--epochs", "1", "--lr-adapter",
        "1e-30",
        "--lr-head", "1e-30",
      ], in: folder)
    #expect(further.code == 0, "\(further.errors)")
    #expect(
      try folder.bytes("run/adapter/adapter_model.safetensors")
        == folder.bytes("further/adapter/adapter_model.safetensors"))
    let anew = try ToolProcess.run(
      [
        "train", "run/model.onnx", "--data", "images", "-o", "anew", "--epochs", "1", "--lr-adapter", "1e-30",
        "--lr-head", "1e-30", "--new-head",
      ], in: folder)
    #expect(anew.code == 0 && !anew.errors.contains("head is trained further"), "\(anew.errors)")
    #expect(
      try folder.bytes("anew/adapter/adapter_model.safetensors")
        != folder.bytes("run/adapter/adapter_model.safetensors"))
  }

  @Test func `options that say something else are refused by name`() throws {
    let folder = try run(Scenario.transformer)
    let result = try ToolProcess.run(
      ["train", "run/model.onnx", "--data", "images", "-o", "further", "--dim", "8"], in: folder)
    #expect(
      result.code == 64 && result.errors.contains("--dim") && result.errors.contains("dim 4"),
      "\(result.errors)")
    let linear = try ToolProcess.run(
      [
        "train", "run/model.onnx", "--data", "images", "-o", "head", "--method", "linear", "--epochs", "1",
        "--lr-head", "1e-3",
      ],
      in: folder)
    #expect(linear.code == 0, "\(linear.errors)")
  }

  @Test func `base and adapter make the model again`() throws {
    let folder = try run(Scenario.transformer)
    let words = ["apply", Scenario.transformer, "--adapter", "run/adapter", "-o", "again.onnx"]
    let object = try ToolProcess.object(words, in: folder)
    #expect(object["base_matches"] == true && object["opset"]?.integer == 17)
    #expect(try folder.bytes("run/model.onnx") == folder.bytes("again.onnx"))
    #expect(try ToolProcess.run(words, in: folder).code == 64)
    let other = Scenario.fixture("backbones/timm_vit.ts17.fixed.slim.onnx")
    let refused = try ToolProcess.run(
      ["apply", other, "--adapter", "run/adapter", "-o", "other.onnx"], in: folder)
    #expect(refused.code == 65 && refused.errors.contains("SHA-256 differs") && !folder.exists("other.onnx"))
    let forced = try ToolProcess.run(
      ["apply", other, "--adapter", "run/adapter", "-o", "other.onnx", "--force"], in: folder)
    #expect(forced.code == 0 && forced.errors.contains("SHA-256 differs"), "\(forced.errors)")
    let difference = try ToolProcess.object(["verify", "other.onnx", "--against", "again.onnx"], in: folder)
    #expect(difference["valid"] == true)
    let missing = try ToolProcess.run(
      ["apply", other, "--adapter", "none", "-o", "x.onnx", "--force"], in: folder)
    #expect(missing.code == 66, "\(missing.errors)")
  }
}
