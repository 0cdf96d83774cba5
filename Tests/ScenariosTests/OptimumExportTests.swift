import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Files as Optimum exports them, with height and width open; Tools/goldens/open_extents.py made them.
@Suite(.serialized) struct OptimumExportTests {
  struct Export: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let family: String
    let side: Int
    let modules: Int
    /// Logits in float64 of an image of so many pixels.
    let logits: [String: [Double]]
    /// Sides at which a window or the position embedding does not fit.
    let refused: [Int]

    var testDescription: String { file }
    var path: String { Scenario.fixture("open/" + file) }
  }

  private struct Index: Decodable { let files: [Export] }

  static let exports: [Export] = {
    let data = FileManager.default.contents(atPath: Scenario.fixture("open/index.json"))
    return data.flatMap { try? JSONDecoder().decode(Index.self, from: $0) }?.files ?? []
  }()

  private static let adapters = ["--dim", "2", "--kernels", "3,none"]

  @Test func `there are a Swin and a vision transformer`() {
    #expect(Self.exports.map(\.family) == ["swin", "vit"])
  }

  @Test(arguments: exports)
  func `the repository's preparation file binds the size`(_ export: Export) throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Array(try #require(FileManager.default.contents(atPath: export.path))), to: "onnx/model.onnx")
    try folder.write(
      #"{"size": {"height": \#(export.side), "width": \#(export.side)}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#,
      to: "preprocessor_config.json")
    let object = try ToolProcess.object(["inspect", "onnx/model.onnx"], in: folder)
    #expect(object["family"]?.string == export.family)
    #expect(
      object["bound"]?["height"]?.integer == export.side && object["bound"]?["width"]?.integer == export.side)
    #expect(object["bound"]?["source"]?.string == "../preprocessor_config.json")
    let report = try ToolProcess.object(
      ["inject", "onnx/model.onnx", "-o", "adapted.onnx"] + Self.adapters, in: folder)
    #expect(report["identical_at_start"]?.bool == true)
    #expect(report["modules"]?.integer == export.modules)
    try folder.drawPhantoms()
    let trained = try ToolProcess.run(
      ["train", "onnx/model.onnx", "--data", "images", "-o", "run", "--epochs", "1"] + Self.adapters,
      in: folder)
    #expect(trained.code == 0, "\(trained.errors)")
    #expect(
      trained.errors.contains(
        "bound: height \(export.side), width \(export.side) (../preprocessor_config.json)")
    )
  }

  @Test(arguments: exports)
  func `it computes what PyTorch does, at every size that it takes`(_ export: Export) throws {
    let folder = try TemporaryFolder()
    for (text, expected) in export.logits.sorted(by: { $0.key < $1.key }) {
      let side = try #require(Int(text))
      let values = (0..<3 * side * side).map { Float(sin(0.37 * Double($0))) }
      try NumPyArray.write(try Tensor(values, shape: Shape([1, 3, side, side])), to: folder.file("x.npy"))
      let result = try ToolProcess.run(
        ["run", export.path, "--input", "x.npy", "--output-dir", "out\(side)", "--npy"], in: folder)
      #expect(result.code == 0, "\(result.errors)")
      let found = try NumPyArray.read(folder.file("out\(side)/output_0.npy"))
      try expectClose(found.widened, expected, .relativeToLargest(1e-5, reason: "sums of float32"))
      let report = try ToolProcess.object(
        ["inject", export.path, "-o", "adapted\(side).onnx", "--image-size", text] + Self.adapters, in: folder
      )
      #expect(report["modules"]?.integer == export.modules)
    }
  }

  @Test(arguments: exports)
  func `a size that a window or the position embedding does not fit is refused with the node`(
    _ export: Export
  ) throws {
    let folder = try TemporaryFolder()
    for side in export.refused {
      let result = try ToolProcess.run(
        ["inject", export.path, "-o", "adapted.onnx", "--image-size", "\(side)"], in: folder)
      #expect(result.code == 65, "\(result.errors)")
      #expect(
        result.errors.contains("error: \(export.path): node '/model/\(export.family)/"), "\(result.errors)")
      #expect(!result.errors.contains("because:"), "\(result.errors)")
      #expect(
        result.errors.contains("made for images of another size than \(side)×\(side) (--image-size)"),
        "\(result.errors)")
      #expect(!folder.exists("adapted.onnx"))
    }
  }
}
