import Datasets
import Runs
import TestSupport
import Testing

@Suite struct RunSplitTests {
  /// Two files of two images each, dealt out image by image, and a file of one.
  private func images(in folder: TemporaryFolder) throws -> LabelledImages {
    for name in ["x", "y", "z"] { try folder.write(name, to: "data/\(name).scan") }
    let dealt: [(String, Int?, Split)] = [
      ("x", 0, .train), ("x", 1, .train), ("y", 0, .test), ("y", 1, .validation), ("z", nil, .train),
    ]
    return LabelledImages(
      classes: ["a"],
      samples: dealt.enumerated().map { index, image in
        Sample(
          path: folder.file("data/\(image.0).scan"), frame: image.1, label: 0, split: image.2, index: index)
      })
  }

  @Test func `the images of a file are dealt as the run dealt them, and the file is hashed once`() throws {
    let folder = try TemporaryFolder()
    let images = try images(in: folder)
    try folder.write("", to: "run/model.onnx")
    try RunSplit.write(
      images, try images.fingerprint(relativeTo: "", threads: 1), into: folder.file("run"))
    #expect(try folder.text("run/split.csv").contains("../data/x.scan#1,train,a,\n"))
    #expect(try folder.text("run/images.sha256").split(separator: "\n").count == 3)
    var found = images
    for position in found.samples.indices { found.samples[position].split = nil }
    let hashes = try RunSplit.hashes(of: found, threads: 1) { false }
    let split = try #require(try RunSplit(besideModel: folder.file("run/model.onnx")))
    #expect(split.dealing(found, hashes: hashes)?.samples.map(\.split) == images.samples.map(\.split))
    let remark = "of 5 images measured, 3 trained the model and 1 chose its epoch"
    #expect(split.learnt.remark(onMeasuring: found, hashes: hashes)?.hasPrefix(remark) == true)
  }
}
