import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite(.serialized) struct BadImageTests {
  @Test func `images that cannot be read are listed all at once before training starts`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let images = folder.files(below: "images/train")
    try folder.write([], to: images[0])
    let whole = try folder.bytes(images[3])
    try folder.write(Array(whole.prefix(whole.count / 2)), to: images[3])
    try folder.write(Array("not an image at all".utf8), to: images[9])
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 65, "\(result.errors)")
    for index in [0, 3, 9] { #expect(result.errors.contains(images[index]), "\(result.errors)") }
    #expect(!folder.exists("run/metrics.jsonl"))
    #expect(!folder.exists("run/checkpoint.safetensors"))
  }

  @Test func `a class without images is named`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    for file in folder.files(below: "images/train/benign") {
      try FileManager.default.removeItem(atPath: folder.file(file))
    }
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("benign"))
  }

  @Test func `a label outside the range is named with its line`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let images = folder.files(below: "images/test")
    try folder.write(
      "file,class_index\n\(images[0]),0\n\(images[1]),7\n\(images[2]),-1\n", to: "labels.csv")
    let result = try ToolProcess.run(["evaluate", Scenario.transformer, "--data", "labels.csv"], in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("line 3"))
    #expect(result.errors.contains("line 4"))
  }

  @Test func `a folder that is missing ends with 66, one without images with 65`() throws {
    let folder = try TemporaryFolder()
    let missing = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(missing.code == 66, "\(missing.errors)")
    try FileManager.default.createDirectory(
      atPath: folder.file("images/a"), withIntermediateDirectories: true)
    let empty = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(empty.code == 65, "\(empty.errors)")
  }

  @Test func `one class is refused before anything is trained`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    try FileManager.default.removeItem(atPath: folder.file("images/train/benign"))
    try FileManager.default.removeItem(atPath: folder.file("images/train/normal"))
    let single = try ToolProcess.run(
      ["train", Scenario.transformer, "--data", "images/train", "-o", "one"], in: folder)
    #expect(single.code == 65 && single.errors.contains("nothing to tell apart"), "\(single.errors)")
    #expect(!folder.exists("one"))
  }

  @Test func `a validation share that a class cannot spare is said`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let result = try ToolProcess.run(training("--epochs", "1", "--validation-share", "0.2"), in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("no validation images, because a class cannot spare any: 'benign' has 6"))
  }

  @Test func `remarks on the data are shown once`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    try folder.write(
      try folder.bytes("images/train/benign/benign_0001.png"), to: "images/test/normal/copy.png")
    try folder.write([1], to: "images/train/benign/scan.webp")
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 0, "\(result.errors)")
    for text in ["1 .webp file passed over", "are in more than one part", "have more than one class"] {
      #expect(result.errors.components(separatedBy: text).count == 2, "\(text): \(result.errors)")
    }
  }

  @Test func `unreadable images among those to predict cost themselves alone`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 0, test: 1)
    let image = folder.files(below: "images/test")[0]
    try folder.write([], to: "empty.png")
    let result = try ToolProcess.run(
      ["predict", Scenario.transformer, "empty.png", image, "gone.png", "--json"], in: folder)
    #expect(result.code == 65, "\(result.code) \(result.errors)")
    #expect(result.errors.contains("empty.png") && result.errors.contains("gone.png"))
    let object = try result.json()
    #expect(object["predictions"]?.array?.compactMap { $0["image"]?.string } == [image])
    #expect(object["failures"]?.array?.compactMap { $0["image"]?.string } == ["empty.png", "gone.png"])
    let none = try ToolProcess.run(
      ["predict", Scenario.transformer, "empty.png", "--csv", "none.csv", "--json"], in: folder)
    #expect(none.code == 65 && !folder.exists("none.csv"))
    #expect(try none.json()["error"]?.object?["message"]?.string != nil)
  }
}
