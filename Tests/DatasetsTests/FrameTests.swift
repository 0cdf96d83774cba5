import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// A format of its own is one file; an image may be one of several in its file.
@Suite struct FrameTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Files of two frames in two classes, five each.
  private func images() throws -> LabelledImages {
    for number: UInt8 in 0..<10 {
      let path = "data/\(number % 2 == 0 ? "a" : "b")/\(number).toy"
      try folder.write(ToyFormat.file([10 * number, 10 * number + 5]), to: path)
    }
    return try ImageFolder.read(folder.file("data"), by: ToyFormat.formats)
  }

  private func table(_ rows: String...) throws -> LabelledImages {
    for name in ["x", "y"] { try folder.write(ToyFormat.file([1, 2, 3]), to: name + ".toy") }
    let text = "file,class,split,group\n" + rows.joined(separator: "\n") + "\n"
    return try CSVManifest.read(try folder.write(text, to: "list.csv"), by: ToyFormat.formats)
  }

  @Test func `a file of two frames in a folder is two samples`() throws {
    let samples = try images().samples
    #expect(samples.count == 20 && samples.map(\.index) == Array(0..<20))
    #expect(samples.prefix(3).map(\.frame) == [0, 1, 0])
    #expect(samples[1].name == folder.file("data/a/0.toy#1"))
  }

  @Test func `a batch has the pixels of each frame`() throws {
    var options = BatchLoader.Options()
    (options.isShuffled, options.batchSize, options.formats) = (false, 4, ToyFormat.formats)
    let preprocessing = try Preprocessing(
      resize: .exact(width: 2, height: 2), crop: nil, channels: 1, mean: [0], standardDeviation: [1],
      rescale: 1)
    let loader = BatchLoader(try images().samples, preprocessing: preprocessing, options: options)
    loader.start(epoch: 0)
    let batch = try #require(try loader.next()).images
    #expect(batch.shape == Shape([4, 1, 2, 2]))
    #expect(batch.elements(of: Float.self) == [0, 5, 20, 25].flatMap { [$0, $0, $0, $0] })
  }

  @Test func `a format that is not asked for is passed over, and not read`() throws {
    _ = try images()
    try folder.write(PNGCoder.encode(Image(width: 1, height: 1, channels: 1, bytes: [0])), to: "data/a/1.png")
    let error = try #require(throws: DatasetError.self) { try ImageFolder.read(folder.file("data")) }
    #expect(error.message.contains("no image of class 'b'"))
    let foreign = try #require(throws: DatasetError.self) {
      try ImageFile.read(folder.write("text", to: "text.toy"), by: ToyFormat.formats)
    }
    #expect(foreign.message.contains("neither PNG, JPEG nor Toy"))
  }

  @Test func `drawn parts never divide a file`() throws {
    let all = try images()
    func files(_ images: LabelledImages) -> Set<String> { Set(images.samples.map(\.path)) }
    let split = try all.split()
    #expect(files(split.part(.test)).isDisjoint(with: files(split.part(.train))))
    #expect(split.part(.test).samples.count == 4)
    for seed in 0..<10 {
      let half = try all.fraction(0.5, fold: 0, seed: seed)
      #expect(half.samples.count == 2 * files(half).count)
    }
  }

  @Test func `a table names frames, or a file for all that no other row names`() throws {
    let samples = try table("x.toy,a,,", "y.toy#2,a,,", "y.toy,b,,").samples
    #expect(
      samples.map { $0.name.split(separator: "/").last } == [
        "x.toy#0", "x.toy#1", "x.toy#2", "y.toy#2", "y.toy#0", "y.toy#1",
      ])
    #expect(samples.map(\.label) == [0, 0, 0, 0, 1, 1] && samples.map(\.index) == Array(0..<6))
  }

  @Test func `a name that ends like a frame is the file where there is one`() throws {
    try folder.write(ToyFormat.file([9]), to: "x.toy#1")
    let sample = try table("x.toy#1,a,,").samples[0]
    #expect(sample.path == folder.file("x.toy#1") && sample.frame == nil)
  }

  @Test func `frames of one file in several groups are refused`() throws {
    let error = try #require(throws: DatasetError.self) { try table("x.toy#0,a,,p", "x.toy#1,b,,q") }
    #expect(
      "\(error.message) \(error.details)".contains("frame 1 is in group 'q', other frames in group 'p'"))
  }

  @Test func `a file that a table divides between parts is said`() throws {
    let notes = try table("x.toy#0,a,train,", "x.toy#1,b,test,").notes.map(\.message)
    #expect(notes.count == 1 && notes[0].hasPrefix("1 file has images in more than one part"))
  }

  @Test func `a division with frames is written and read back`() throws {
    let split = try images().split()
    let text = split.splitTable(relativeTo: folder.file("data"))
    #expect(text.contains("a/0.toy#1,") && text.contains("a/0.toy#0,"))
    let list = try folder.write(text, to: "run/split.csv")
    let read = try CSVManifest.read(list, root: folder.file("data"), by: ToyFormat.formats)
    #expect(read.samples == split.samples)
  }

  @Test func `a fingerprint names frames, and finds them changed`() throws {
    let before = try images().fingerprint(relativeTo: folder.file("data"), threads: 2)
    #expect(before.records.count == 20 && before.records[1].file == "a/0.toy#1")
    let bytes = ToyFormat.file([0, 5])
    #expect(before.records[1].sha256 == SHA256.hexadecimal(of: bytes))
    try folder.write(ToyFormat.file([0, 6]), to: "data/a/0.toy")
    let now = try ImageFolder.read(folder.file("data"), by: ToyFormat.formats)
    #expect(
      try now.fingerprint(relativeTo: folder.file("data"), threads: 1).difference(from: before)
        == "2 images changed: 'a/0.toy#0', 'a/0.toy#1'")
  }

  @Test func `one reading of a file gives the hash of all its frames`() throws {
    let images = try images()
    let (_, hashes) = try images.examined(threads: 3, isHashing: true, formats: ToyFormat.formats)
    #expect(hashes.count == 20 && Set(hashes.values).count == 10)
  }

  @Test func `equal frames of a copy in another part are said, other frames of a file are not`() throws {
    let images = try table("x.toy#0,a,train,", "x.toy#1,a,test,", "y.toy#0,a,test,")
    let notes = try images.examined(threads: 1, isHashing: false, formats: ToyFormat.formats).notes
    #expect(notes.count == 1 && notes[0].message.hasPrefix("1 image has copies"))
    #expect(notes[0].message.contains("x.toy' frame 0 (train) and "))
  }

  @Test func `what is wrong with a whole file is said once`() throws {
    var volume = Array(try Data(contentsOf: URL(filePath: FixtureFiles.path("formats/las_int16.nii"))))
    volume.removeLast(100)
    try folder.write(volume, to: "short.nii")
    try folder.write(Array("no image".utf8), to: "none.png")
    var images = try ImageList(
      of: [folder.file("short.nii"), folder.file("none.png")], reading: ImageReading())
    let count = images.samples.count
    #expect(count > 2)
    do throws(DatasetError) {
      try images.keepReadable(threads: 2) { _, _ in false }
      Issue.record("nothing can be read")
    } catch {
      #expect(error.message.hasPrefix("\(count) images given"))
      #expect(error.details.count == 2)
      #expect(error.details[0].contains("short.nii' frames 0 … \(count - 2): cannot be decoded as NIfTI"))
    }
  }

  @Test func `frames that cannot be read are named, those outside the file too`() throws {
    let images = try table("x.toy#1,a,,", "y.toy#3,a,,")
    try folder.write(Array(ToyFormat.file([1, 2, 3]).dropLast(8)), to: "x.toy")
    let error = try #require(throws: DatasetError.self) {
      try images.examined(threads: 1, isHashing: false, formats: ToyFormat.formats)
    }
    #expect(error.details.count == 2)
    #expect(error.details[0].contains("x.toy' frame 1: cannot be decoded as Toy: the pixels end early"))
    #expect(error.details[1].contains("the file holds images 0 … 2, no image 3"))
    #expect(error.hint == "replace or remove these files")
    let outside = try #require(throws: DatasetError.self) {
      try table("y.toy#3,a,,").examined(threads: 1, isHashing: false, formats: ToyFormat.formats)
    }
    #expect(outside.details.isEmpty && outside.hint?.contains("counted from 0") == true)
  }
}
