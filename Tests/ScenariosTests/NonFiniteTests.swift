import Graphs
import ONNXFormat
import TestSupport
import Testing

/// Numbers that are not finite end the work with 1, whoever meets them.
@Suite(.serialized) struct NonFiniteTests {
  /// A classifier of three classes with such a weight.
  private func write(_ weight: String, to name: String, in folder: TemporaryFolder) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N,3,32,32] image) => (float[N,3] logits)
          <float[3,3] w = {1, 0, 0, 0, \(weight), 0, 0, 0, 1}>
        { pooled = GlobalAveragePool (image) flat = Flatten <axis = 1> (pooled) logits = MatMul (flat, w) }
        """)
    try ONNXFile.write(model, to: folder.file(name))
  }

  @Test(arguments: ["nan", "inf"]) func `predict and evaluate refuse outputs that are not finite`(
    _ weight: String
  ) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    try write(weight, to: "model.onnx", in: folder)
    let image = try #require(folder.files(below: "images/test").first)
    for words in [["predict", "model.onnx", image], ["evaluate", "model.onnx", "--data", "images"]] {
      let result = try ToolProcess.run(words, in: folder)
      #expect(result.code == 1, "\(words): \(result.errors)")
      #expect(result.errors.contains("not finite") && result.errors.contains(".png"), "\(result.errors)")
    }
  }

  @Test func `an update that overflows is not saved, also where nothing is measured afterwards`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let result = try ToolProcess.run(
      training("--epochs", "1", "--lr-head", "3e38", "--validation-share", "0"), in: folder)
    #expect(result.code == 1, "\(result.errors)")
    #expect(!folder.exists("run/model.onnx") && !folder.exists("run/checkpoint.safetensors"))
  }
}
