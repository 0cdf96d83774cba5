import Foundation
import TensorFiles
import TestSupport
import Testing

/// Folds of all images, and what `--fold` and `--folds` mean beside them.
@Suite struct CrossValidationTests {
  private func tested(_ run: String, in folder: TemporaryFolder) throws -> [Substring] {
    try folder.text(run + "/split.csv").split(separator: "\n").filter { $0.contains(",test,") }
      .map { $0.split(separator: ",")[0] }
  }

  @Test func `every image is tested once, and figures stand as mean and deviation`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    let words = training("--epochs", "1", "--cross-validation", "3", "--lr-head", "1e-3")
    let result = try ToolProcess.run(words + ["--json"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    let images = try (0..<3).flatMap { try tested("run/fold-\($0)", in: folder) }
    #expect(images.count == 18 && Set(images).count == 18)
    #expect(!folder.exists("run/model.onnx") && folder.exists("run/fold-2/model.onnx"))
    let object = try result.json()
    let pooled = object["pooled"]?.object
    #expect(pooled?["images"]?.integer == 18)
    #expect(pooled?["confusion"]?.array?.map { $0.array?.compactMap(\.integer).reduce(0, +) } == [6, 6, 6])
    let folds = object["folds"]?.array?.compactMap { $0["test"]?.object?["macro_f1"]?.number } ?? []
    let mean = folds.reduce(0, +) / 3
    #expect(folds.count == 3 && object["macro_f1_mean"]?.number == mean)
    let variance = folds.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
    #expect(object["macro_f1_std"]?.number == variance.squareRoot())
    #expect(object["auroc_mean"] != nil)
    let summary = try JSONValue(parsing: try folder.text("run/summary.json")).object
    #expect(summary?["pooled"]?.object == pooled)

    let alone = try ToolProcess.run(
      training("--epochs", "1", "--cross-validation", "3", "--fold", "1", "--lr-head", "1e-3", into: "one"),
      in: folder)
    #expect(alone.code == 0, "\(alone.errors)")
    #expect(try folder.bytes("one/model.onnx") == folder.bytes("run/fold-1/model.onnx"))
    let more = try ToolProcess.run(["train", "--resume", "run", "--epochs", "2", "--quiet"], in: folder)
    #expect(more.code == 0 && more.output.contains("all images, each tested once"), "\(more.errors)")
  }

  @Test func `groups stay together`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 6, test: 0)
    let images = folder.files(below: "images/train")
    let rows = images.enumerated().map { "\($1),\($1.split(separator: "/")[2]),patient \($0 / 2)" }
    try folder.write((["file,class,group"] + rows).joined(separator: "\n"), to: "table.csv")
    var words = training("--epochs", "1", "--cross-validation", "3", "--lr-head", "1e-3")
    words[3] = "table.csv"
    let result = try ToolProcess.run(words, in: folder)
    #expect(result.code == 0, "\(result.errors)")
    for fold in 0..<3 {
      let tested = try Set(tested("run/fold-\(fold)", in: folder).map(String.init))
      #expect(tested.count == 6)
      for pair in stride(from: 0, to: images.count, by: 2) {
        #expect(tested.contains(images[pair]) == tested.contains(images[pair + 1]))
      }
    }
  }

  @Test(arguments: [
    (["--folds", "3", "--fold", "1"], "--fold"), (["--cross-validation", "3", "--fold", "3"], "--fold"),
    (["--cross-validation", "3", "--folds", "2"], "--folds"),
    (["--cross-validation", "1"], "--cross-validation"),
  ])
  func `what contradicts is refused`(_ words: [String], option: String) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 2, test: 1)
    let result = try ToolProcess.run(training() + words, in: folder)
    #expect(result.code == 64 && result.errors.contains(option), "\(result.errors)")
    #expect(!folder.exists("run"))
  }

  @Test func `a class with a single image is refused, one with fewer than folds is said`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 2, test: 0)
    let words = training("--epochs", "1", "--cross-validation", "3", "--lr-head", "1e-3")
    let few = try ToolProcess.run(words, in: folder)
    #expect(few.code == 0 && few.errors.contains("'benign' has 2"), "\(few.errors)")
    try FileManager.default.removeItem(atPath: folder.file(folder.files(below: "images/train/benign")[0]))
    let single = try ToolProcess.run(
      training("--epochs", "1", "--cross-validation", "3", into: "other"), in: folder)
    #expect(single.code == 65 && single.errors.contains("only one image of 'benign'"), "\(single.errors)")
  }

  @Test func `help says what folds are`() throws {
    let help = try ToolProcess.run(["train", "--help"], in: TemporaryFolder()).output
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(help.contains("--cross-validation N") && help.contains("not a cross-validation"))
  }
}
