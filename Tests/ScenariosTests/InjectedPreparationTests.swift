import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite struct InjectedPreparationTests {
  /// `inspect --json` of a model, of its preparation without where it is from.
  private func preparation(_ model: String, in folder: TemporaryFolder) throws -> JSONObject {
    let inspection = try ToolProcess.object(["inspect", model], in: folder)
    var object = try #require(inspection["preprocessing"]?.object)
    object["source"] = nil
    return object
  }

  private func withModel(_ processor: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(processor, to: "original/preprocessor_config.json")
    try FileManager.default.copyItem(atPath: Scenario.transformer, toPath: folder.file("original/vit.onnx"))
    return folder
  }

  @Test func `a file that is written elsewhere knows the preparation that stood beside the original`() throws
  {
    let folder = try withModel(
      #"{"do_resize": true, "size": {"height": 32, "width": 32}, "resample": 3, "do_normalize": true, "#
        + #""image_mean": [0.25, 0.5, 0.75], "image_std": [0.5, 0.25, 0.125]}"#)
    let result = try ToolProcess.run(
      ["inject", "original/vit.onnx", "-o", "other/model.onnx", "--dim", "4", "--kernels", "11,3"], in: folder
    )
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let found = try preparation("other/model.onnx", in: folder)
    #expect(found["mean"] == [0.25, 0.5, 0.75])
    #expect(try found == preparation("original/vit.onnx", in: folder))
  }

  @Test func `without a file beside it nothing is added to a model's metadata`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(
      ["inject", Scenario.transformer, "-o", "model.onnx", "--method", "linear"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(!String(decoding: try folder.bytes("model.onnx"), as: UTF8.self).contains("dka.preprocessing"))
  }

  @Test func `a preparation that is refused is said, and the model is written`() throws {
    let folder = try withModel(#"{"do_resize": true, "size": {"height": 32, "width": 32}, "resample": 17}"#)
    let result = try ToolProcess.run(
      ["inject", "original/vit.onnx", "-o", "other/model.onnx", "--dim", "4", "--kernels", "11,3"], in: folder
    )
    #expect(result.code == 0 && folder.exists("other/model.onnx"), "\(result.errors)")
    #expect(result.errors.contains("how images are prepared is not written"), "\(result.errors)")
  }
}
