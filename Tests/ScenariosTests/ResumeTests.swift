import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

@Suite(.serialized) struct ResumeTests {
  /// A folder with images, the model as `vit.onnx`, and a run of two epochs.
  private func withRun(_ words: String...) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    try FileManager.default.copyItem(atPath: Scenario.transformer, toPath: folder.file("vit.onnx"))
    let result = try ToolProcess.run(full(["--epochs", "2"] + words), in: folder)
    try #require(result.code == 0, "\(result.errors)")
    return folder
  }

  private func full(_ words: [String], into run: String = "run") -> [String] {
    var all = training(into: run) + words
    all[1] = "vit.onnx"
    return all
  }

  private func epochs(_ folder: TemporaryFolder, _ run: String = "run") throws -> Int {
    try folder.text(run + "/metrics.jsonl").split(separator: "\n").count
  }

  @Test func `the folder alone is enough to go on, from anywhere, and gives the same bits`() throws {
    let folder = try withRun()
    let straight = try ToolProcess.run(full(["--epochs", "4"], into: "straight"), in: folder)
    #expect(straight.code == 0, "\(straight.errors)")
    let elsewhere = try TemporaryFolder()
    let resumed = try ToolProcess.run(
      ["train", "--resume", folder.file("run"), "--epochs", "4"], in: elsewhere)
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try folder.bytes("run/model.onnx") == folder.bytes("straight/model.onnx"))
    let again = try ToolProcess.run(["train", "--resume=run"], in: folder)
    #expect(again.code == 0, "\(again.errors)")
    #expect(try epochs(folder) == 4)
  }

  @Test func `as a flag --resume takes the run's options too, and its number of epochs`() throws {
    let folder = try withRun("--seed", "3")
    let result = try ToolProcess.run(
      ["train", "vit.onnx", "--data", "images", "-o", "run", "--resume"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    let summary = try #require(try JSONValue(parsing: try folder.text("run/summary.json")).object)
    #expect(summary["seed"] == 3 && summary["epochs"] == 2)
    #expect(summary["options"]?["dim"] == 4)
    #expect(summary["provenance"]?["version"] != nil)
  }

  @Test(arguments: [
    (["--dim", "8"], "the run has --dim 4, given is 8"), (["--lr-head", "1"], "--lr-head"),
    (["--bias"], "--bias"), (["--mean", "0.1"], "--mean"), (["--micro-batch", "1"], "--micro-batch"),
    (["--clip", "2"], "--clip"), (["--placement", "block"], "--placement"),
  ])
  func `an option that differs from the run's is refused by name`(words: [String], expected: String) throws {
    let folder = try withRun()
    let result = try ToolProcess.run(["train", "--resume", "run"] + words, in: folder)
    #expect(result.code == 65 && result.errors.contains(expected), "\(result.errors)")
  }

  @Test func `options that agree may be given, also those that the run had by default`() throws {
    let folder = try withRun()
    let result = try ToolProcess.run(
      ["train", "--resume", "run", "--dim", "4", "--placement", "both", "--threads", "1", "--batch", "6"],
      in: folder)
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test func `other epochs are refused where the learning rates depend on them`() throws {
    let folder = try withRun("--schedule", "cosine")
    let other = try ToolProcess.run(["train", "--resume", "run", "--epochs", "4"], in: folder)
    #expect(other.code == 65 && other.errors.contains("--epochs 2, given is 4"), "\(other.errors)")
    let same = try ToolProcess.run(["train", "--resume", "run"], in: folder)
    #expect(same.code == 0, "\(same.errors)")
  }

  @Test func `another base model is refused, the same under another path is not`() throws {
    let folder = try withRun()
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.file("link.onnx"), withDestinationPath: "vit.onnx")
    try files.createSymbolicLink(atPath: folder.file("pictures"), withDestinationPath: "images")
    let same = try ToolProcess.run(
      ["train", "link.onnx", "--data", "./pictures/", "--resume", "run"], in: folder)
    #expect(same.code == 0, "\(same.errors)")
    var model = try ONNXFile.read(folder.file("vit.onnx"))
    model.metadata.append(MetadataEntry(key: "note", value: "another file"))
    try ONNXFile.write(model, to: folder.file("vit.onnx"))
    let other = try ToolProcess.run(["train", "--resume", "run"], in: folder)
    #expect(other.code == 65 && other.errors.contains("SHA-256"), "\(other.errors)")
  }

  /// Ways in which images change, and what is said of it.
  enum Change: CaseIterable, Sendable { case added, removed, moved, edited, otherClass }

  @Test(arguments: Change.allCases)
  func `other images are refused by name`(_ change: Change) throws {
    let folder = try withRun()
    let files = FileManager.default
    let train = folder.files(below: "images/train/benign")[0]
    let test = train.replacing("/train/", with: "/test/").replacing(".png", with: "x.png")
    let name = String(train.dropFirst("images/".count))
    let expected: String
    switch change {
    case .added:
      try folder.drawAnother(as: test)
      expected = "1 image added: '" + test.dropFirst("images/".count)
    case .removed:
      try files.removeItem(atPath: folder.file(train))
      expected = "1 image removed: '\(name)'"
    case .moved:
      try files.moveItem(atPath: folder.file(train), toPath: folder.file(test))
      expected = "1 image moved: '\(name)' → '" + test.dropFirst("images/".count)
    case .edited:
      try folder.write(try folder.bytes(folder.files(below: "images/test/benign")[0]), to: train)
      expected = "1 image changed: '\(name)'"
    case .otherClass:
      try files.moveItem(
        atPath: folder.file(train),
        toPath: folder.file(train.replacing("/benign/", with: "/normal/").replacing(".png", with: "x.png")))
      expected = "1 image moved: '\(name)' → 'train/normal/"
    }
    let result = try ToolProcess.run(["train", "--resume", "run"], in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains(expected), "\(result.errors)")
  }

  @Test func `folds go on from the folder that holds them`() throws {
    let folder = try withRun()
    let first = try ToolProcess.run(
      full(["--epochs", "1", "--folds", "2", "--fraction", "0.8"], into: "folded"), in: folder)
    #expect(first.code == 0, "\(first.errors)")
    let both = try ToolProcess.run(["train", "--resume", "folded", "--epochs", "2"], in: folder)
    #expect(both.code == 0, "\(both.errors)")
    #expect(try epochs(folder, "folded/fold-0") == 2 && epochs(folder, "folded/fold-1") == 2)
    let one = try ToolProcess.run(["train", "--resume", "folded/fold-1", "--epochs", "3"], in: folder)
    #expect(one.code == 0, "\(one.errors)")
    #expect(try epochs(folder, "folded/fold-0") == 2 && epochs(folder, "folded/fold-1") == 3)
  }

  @Test func `a folder that is no run is missing, one that --output contradicts is refused`() throws {
    let folder = try TemporaryFolder()
    #expect(try ToolProcess.run(["train", "--resume", "none"], in: folder).code == 66)
    let two = try ToolProcess.run(
      ["train", "m.onnx", "--data", "d", "-o", "a", "--resume=b", "--epochs", "1"], in: folder)
    #expect([64, 66].contains(two.code))
  }
}

extension TemporaryFolder {
  /// Draws an image that no other one equals.
  fileprivate func drawAnother(as name: String) throws {
    let result = try ToolProcess.run(
      ["phantoms", "-o", "more", "--train", "1", "--test", "0", "--side", "32", "--seed", "99"], in: self)
    try #require(result.code == 0, "\(result.errors)")
    try write(try bytes(files(below: "more")[0]), to: name)
  }
}
