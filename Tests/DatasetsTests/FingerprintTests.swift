import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct FingerprintTests {
  private let folder: TemporaryFolder
  private let before: DataFingerprint

  init() throws {
    folder = try TemporaryFolder()
    for file in ["train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png"] {
      try folder.write(file, to: file)
    }
    before = try ImageFolder.read(folder.path).fingerprint(relativeTo: folder.path, threads: 2)
  }

  private func now() throws -> DataFingerprint {
    try ImageFolder.read(folder.path + "/").fingerprint(relativeTo: folder.path + "/", threads: 1)
  }

  @Test func `the same images have the same fingerprint, whatever their folder is called`() throws {
    #expect(try now().digest == before.digest)
    #expect(try now().difference(from: before) == nil)
    // Python: hashlib.sha256(b"train/a/1.png").hexdigest()
    #expect(before.records[0].sha256 == "786eca5e7d47f64c3376ad5d23dfaf1f6c9c73113badf05a2dcdbb453926907e")
  }

  @Test func `added and removed images are named`() throws {
    try folder.write("new", to: "train/a/5.png")
    try FileManager.default.removeItem(atPath: folder.file("test/b/4.png"))
    try folder.write("other", to: "test/b/6.png")
    #expect(
      try now().difference(from: before)
        == "2 images added: 'train/a/5.png', 'test/b/6.png'; 1 image removed: 'test/b/4.png'")
  }

  @Test func `an image that moved to another part is named`() throws {
    try FileManager.default.moveItem(
      atPath: folder.file("test/b/4.png"), toPath: folder.file("train/b/4.png"))
    #expect(
      try now().difference(from: before) == "1 image moved: 'test/b/4.png' → 'train/b/4.png'")
  }

  @Test func `an image with other content is named`() throws {
    try folder.write("changed", to: "train/b/2.png")
    #expect(try now().difference(from: before) == "1 image changed: 'train/b/2.png'")
    #expect(try now().digest != before.digest)
  }

  @Test func `an image in another part of a table is named`() throws {
    var images = try ImageFolder.read(folder.path)
    images.samples[3].split = .train
    let fingerprint = try images.fingerprint(relativeTo: folder.path, threads: 1)
    #expect(
      fingerprint.difference(from: before) == "1 image moved: 'test/b/4.png' (test, 'b' → train, 'b')")
  }
}
