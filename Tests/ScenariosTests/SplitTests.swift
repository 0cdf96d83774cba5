import Foundation
import TensorFiles
import TestSupport
import Testing

/// A model is not measured on what it was trained on without a word.
@Suite(.serialized) struct SplitTests {
  /// A run on a folder without parts, of which `train` keeps a fifth for the test.
  private func run(_ words: String...) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 10)
    try FileManager.default.moveItem(atPath: folder.file("images/train"), toPath: folder.file("whole"))
    _ = try ToolProcess.object(
      ["train", Scenario.transformer, "--data", "whole", "-o", "run", "--method", "linear", "--epochs", "2"]
        + words, in: folder)
    return folder
  }

  private func evaluate(_ data: String, _ words: String..., in folder: TemporaryFolder) throws -> ToolResult {
    try ToolProcess.run(["evaluate", "run/model.onnx", "--data", data, "--json"] + words, in: folder)
  }

  @Test func `the images that trained, chose and tested stand in the run folder`() throws {
    let folder = try run()
    let lines = try folder.text("run/split.csv").split(separator: "\n")
    #expect(lines[0] == "file,part,class,group")
    #expect(lines.count == 31)
    #expect(lines[1].hasPrefix("../whole/benign/") && lines.count { $0.contains(",test,") } == 6)
    let check = Process()
    check.executableURL = URL(filePath: "/usr/bin/env")
    check.arguments = ["sha256sum", "--check", "--quiet", "images.sha256"]
    check.currentDirectoryURL = URL(filePath: folder.file("run"))
    try check.run()
    check.waitUntilExit()
    #expect(check.terminationStatus == 0)
  }

  @Test func `evaluate measures the test part that train drew, whichever way the data are named`() throws {
    let folder = try run()
    let summary = try #require(try JSONValue(parsing: try folder.text("run/summary.json")).object)
    for data in ["whole", "./whole/", folder.file("whole"), "run/split.csv"] {
      let result = try evaluate(data, in: folder)
      #expect(try result.json()["images"]?.integer == 6, "\(data): \(result.errors)")
      #expect(try result.json()["confusion"] == summary["test"]?.object?["confusion"], "\(data)")
      #expect(!result.errors.contains("trained the model"))
    }
  }

  @Test func `measuring what trained the model is said`() throws {
    let folder = try run()
    let trained = try evaluate("whole", "--part", "train", in: folder)
    #expect(trained.errors.contains("24 trained the model"), "\(trained.errors)")
    // With an image that the run does not know the parts are no longer those of the run.
    try folder.write(
      try folder.bytes(try #require(folder.files(below: "images/test").first)), to: "whole/benign/new.png")
    let mixed = try evaluate("whole", in: folder)
    #expect(try mixed.json()["images"]?.integer == 31)
    #expect(mixed.errors.contains("of 31 images measured, 24 trained the model"), "\(mixed.errors)")
  }

  @Test func `a model that was copied out of its run folder knows the images that it learnt from`() throws {
    let folder = try run()
    try folder.write(try folder.bytes("run/model.onnx"), to: "copy/model.onnx")
    let known = try ToolProcess.run(["evaluate", "copy/model.onnx", "--data", "whole", "--json"], in: folder)
    #expect(try known.json()["images"]?.integer == 30)
    #expect(
      known.errors.contains("of 30 images measured, 24 trained the model"),
      "\(known.errors)")
    let others = try ToolProcess.run(["evaluate", "copy/model.onnx", "--data", "images"], in: folder)
    #expect(others.code == 0 && !others.errors.contains("trained the model"), "\(others.errors)")
  }

  @Test func `images that a fraction left out are no test images`() throws {
    let folder = try run("--fraction", "0.5")
    #expect(try folder.text("run/split.csv").contains(",unused,"))
    #expect(try evaluate("whole", in: folder).json()["images"]?.integer == 6)
  }
}
