import Datasets
import TestSupport
import Testing

/// A 16-bit grey PNG of one row, its samples stored without compression.
private func deepPNG(_ values: [UInt16]) -> [UInt8] {
  func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
  func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return big(UInt32(content.count)) + body + big(crc32(body))
  }
  let row: [UInt8] = [0] + values.flatMap { value -> [UInt8] in [UInt8(value >> 8), UInt8(value & 255)] }
  let (low, high) = (UInt8(row.count & 255), UInt8(row.count >> 8))
  var (a, b) = (UInt32(1), UInt32(0))
  for byte in row {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  let data: [UInt8] = [0x78, 0x01, 1, low, high, ~low, ~high] + row + big(b << 16 | a)
  let header: [UInt8] = big(UInt32(values.count)) + big(1) + [16, 0, 0, 0, 0]
  let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  return signature + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", [])
}

private func grey(_ value: UInt8) throws -> [UInt8] {
  try PNGCoder.encode(Image(width: 1, height: 1, channels: 1, bytes: [value]))
}

@Suite struct DatasetRemarkTests {
  @Test func `12 bits in 16-bit files are said with what to do`() throws {
    let folder = try TemporaryFolder()
    try folder.write(deepPNG([0, 4080, 17]), to: "a/1.png")
    try folder.write(deepPNG([0, 100, 17]), to: "b/1.png")
    let notes = try ImageFolder.read(folder.path).verifyReadable(threads: 2)
    #expect(
      notes == [
        DatasetNote(
          .warning,
          "2 16-bit images use 6 % of the range (at most 4080 of 65535, 12 bits of 16) and reach the network nearly black; "
            + "multiply the values by 16 when writing the files")
      ])
  }

  @Test func `one bright 16-bit image shows that the range is used`() throws {
    let folder = try TemporaryFolder()
    try folder.write(deepPNG([0, 4080, 17]), to: "a/1.png")
    try folder.write(deepPNG([0, 30000, 17]), to: "b/1.png")
    #expect(try ImageFolder.read(folder.path).verifyReadable(threads: 1).isEmpty)
  }

  @Test func `equal files in two parts and in two classes are named`() throws {
    let folder = try TemporaryFolder()
    for (file, value) in [
      ("train/a/1.png", 1), ("train/a/1copy.png", 1), ("train/b/2.png", 2), ("test/a/1again.png", 1),
      ("test/b/3.png", 3),
      ("train/a/4.png", 4), ("train/b/4.png", 4),
    ] { try folder.write(grey(UInt8(value)), to: file) }
    let messages = try ImageFolder.read(folder.path).verifyReadable(threads: 2).map(\.message)
    let path = folder.path
    #expect(
      messages == [
        "1 image has copies that are in more than one part, so that what is measured was seen before: "
          + "'\(path)/train/a/1.png' (train) and '\(path)/test/a/1again.png' (test)",
        "1 image has copies that have more than one class: "
          + "'\(path)/train/a/4.png' ('a') and '\(path)/train/b/4.png' ('b')",
      ])
  }

  @Test func `images of one class alone leave AUROC undefined`() {
    let samples = (0..<3).map { Sample(path: "\($0)", label: 1, index: $0) }
    let images = LabelledImages(classes: ["a", "b"], samples: samples)
    #expect(
      images.remarksOnMeasuring("test") == [
        DatasetNote(.warning, "all test images are of class 'b', so AUROC is undefined")
      ])
  }

  @Test func `a class without an image to measure is named`() {
    let samples = (0..<2).map { Sample(path: "\($0)", label: $0, index: $0) }
    let images = LabelledImages(classes: ["a", "b", "c"], samples: samples)
    #expect(
      images.remarksOnMeasuring("validation").map(\.message) == [
        "no validation image of class 'c', which is not measured"
      ])
  }

  @Test func `classes that differ in capitals alone are named`() throws {
    let folder = try TemporaryFolder()
    for file in ["Benign/1.png", "benign/1.png"] { try folder.write("x", to: file) }
    #expect(
      try ImageFolder.read(folder.path).notes.map(\.message) == [
        "classes differ in capitals alone: 'Benign' and 'benign'"
      ])
  }

  @Test(arguments: [("GIF89a", "GIF"), ("RIFF....WEBP", "WebP"), ("....ftypheic", "HEIF or AVIF")])
  func `a file in another format is called by it`(start: String, format: String) throws {
    let error = try #require(throws: DatasetError.self) {
      try ImageFile.decode(Array(start.utf8) + [0, 0, 0, 0], named: "x.png")
    }
    #expect(error.message.contains("neither PNG nor JPEG but \(format) "))
  }
}
