import Foundation
import TensorFiles
import TestSupport
import Testing

/// What a model is measured on, as a user's folders happen to be.
@Suite(.serialized) struct ClassNameTests {
  @Test func `a folder that lacks a class gives the right rows, one with another name is refused`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    _ = try ToolProcess.object(training("--epochs", "1"), in: folder)
    func confusion(_ data: String) throws -> [[Int]] {
      let object = try ToolProcess.object(["evaluate", "run/model.onnx", "--data", data], in: folder)
      return object["confusion"]?.array?.map { $0.array?.compactMap(\.integer) ?? [] } ?? []
    }
    let whole = try confusion("images")
    for part in ["images/train", "images/test"] {
      try FileManager.default.removeItem(atPath: folder.file(part + "/benign"))
    }
    #expect(try confusion("images") == [[0, 0, 0], whole[1], whole[2]])

    for part in ["images/train", "images/test"] {
      try FileManager.default.moveItem(
        atPath: folder.file(part + "/normal"), toPath: folder.file(part + "/unauffaellig"))
    }
    let result = try ToolProcess.run(["evaluate", "run/model.onnx", "--data", "images"], in: folder)
    #expect(result.code == 65 && result.errors.contains("'unauffaellig'"), "\(result.errors)")
  }

  @Test func `names beside the model that are more than its classes are not used, and that is said`() throws {
    let folder = try TemporaryFolder()
    let base = try Data(contentsOf: URL(filePath: Scenario.transformer))
    try folder.write([UInt8](base), to: "model.onnx")
    try folder.write(
      #"{"id2label": {"0": "a", "1": "b", "2": "c", "3": "d", "4": "e", "5": "f", "6": "g"}}"#,
      to: "config.json")
    let result = try ToolProcess.run(["inspect", "model.onnx"], in: folder)
    #expect(result.code == 0)
    #expect(result.errors.contains("id2label of config.json names 7 classes"), "\(result.errors)")
  }
}
