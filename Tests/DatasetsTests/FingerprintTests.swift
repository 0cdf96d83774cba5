import Datasets
import Foundation
import Tensors
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

  @Test func `one reading of a file is enough to see that it can be read, and what it holds`() throws {
    let image = try PNGCoder.encode(Image(width: 1, height: 1, channels: 1, bytes: [7]))
    for file in ["x/1.png", "y/2.png"] { try folder.write(image, to: "images/" + file) }
    let images = try ImageFolder.read(folder.file("images"))
    let (notes, hashes) = try images.examined(threads: 2, isHashing: true)
    #expect(notes.count == 1 && notes[0].message.contains("have more than one class"))
    try FileManager.default.removeItem(atPath: folder.file("images/x/1.png"))
    let fingerprint = try images.fingerprint(relativeTo: folder.path, known: hashes, threads: 2)
    #expect(fingerprint.records.map(\.sha256) == images.samples.map { hashes[$0.index] })
    #expect(Set(hashes.values) == [SHA256.hexadecimal(of: image)])
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
