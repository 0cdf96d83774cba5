import Datasets
import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// DICOM, NIfTI, TIFF and BMP against what reference readers see (Tools/goldens/image_formats.py).
@Suite struct FormatTests {
  /// One image of a file, as it is expected.
  struct Expected {
    let file: String
    let frame: Int?
    let reading: ImageReading
    let extents: [Int]
    let levels: [Double]
    let values: [Int]?

    var sample: Sample {
      Sample(
        path: Fixtures.path("formats/" + file), frame: frame, reading: reading, label: 0, index: 0)
    }
  }

  static func expected() throws -> [Expected] {
    let text = try String(contentsOfFile: Fixtures.path("formats/expected.json"), encoding: .utf8)
    let object = try #require(try JSONValue(parsing: text).object)
    return try object.members.filter { $0.key != "series" }.flatMap { member in
      try (member.value.array ?? []).map { value in
        let entry = try #require(value.object)
        var reading = ImageReading()
        if let window = entry["window"]?.array?.compactMap(\.number) {
          reading.window = ImageReading.Window(center: window[0], width: window[1])
        }
        reading.axis = entry["axis"]?.string.flatMap { ImageReading.Axis(rawValue: $0) } ?? .axial
        reading.volume = entry["volume"]?.integer ?? 0
        return Expected(
          file: member.key, frame: entry["frame"]?.integer, reading: reading,
          extents: ["width", "height", "channels"].compactMap { entry[$0]?.integer },
          levels: (entry["level"]?.array ?? []).compactMap(\.number),
          values: entry["values"]?.array?.compactMap(\.integer))
      }
    }
  }

  /// Values from 0 to 1.
  static func levels(_ image: Image) -> [Double] {
    switch image.samples {
    case .bytes(let bytes): bytes.map { Double($0) / 255 }
    case .floats(let floats): floats.map(Double.init)
    }
  }

  @Test func `every kind of file decodes to what reference readers see`() throws {
    let all = try Self.expected()
    #expect(all.count > 70)
    for expected in all {
      let image = try ImageFile.read(expected.sample)
      let levels = Self.levels(image)
      let isGreyOfColors = expected.extents[2] == 3 && image.channels == 1
      let wanted =
        isGreyOfColors ? expected.levels.enumerated().filter { $0.0 % 3 == 0 }.map(\.1) : expected.levels
      #expect([image.width, image.height] == Array(expected.extents.prefix(2)), "\(expected.file)")
      #expect(levels.count == wanted.count, "\(expected.file)")
      let largest = zip(levels, wanted).map { abs($0 - $1) }.max() ?? 1
      // Colours of 8 bits are rounded once here and once there.
      let tolerance = expected.file == "ybr.dcm" ? 1.01 / 255 : 2e-6
      #expect(
        largest <= tolerance, "\(expected.file) \(expected.reading) frame \(expected.frame ?? 0): \(largest)")
    }
  }

  @Test func `masks are the values that files store`() throws {
    for expected in try Self.expected() {
      guard let values = expected.values else { continue }
      let mask = try MaskFile(
        path: expected.sample.path, frame: expected.frame, reading: expected.reading
      ).values()
      #expect(mask.values.map(Int.init) == values, "\(expected.file) frame \(expected.frame ?? 0)")
    }
  }

  @Test(arguments: [
    ("truncated.dcm", "the file ends too early"), ("too_few_pixels.dcm", "the pixel data have 216"),
    ("no_pixels.dcm", "no pixel data"), ("video.dcm", "MPEG-4 AVC/H.264 High Profile"),
    ("floating.tif", "32-bit floating point are not read"), ("truncated.tif", "cannot be decoded as TIFF"),
    ("truncated.bmp", "the pixels take"),
  ])
  func `what cannot be decoded is refused with the reason`(file: String, reason: String) throws {
    let error = try #require(throws: DatasetError.self) {
      try ImageFile.read(Fixtures.path("formats/" + file))
    }
    #expect(error.failureCode == .badData && error.message.contains(reason), "\(error.message)")
    #expect(error.message.contains("formats/\(file)'"))
  }

  @Test func `frames outside a file are refused`() throws {
    for (file, reason) in [
      ("frames.dcm", "images 0 … 2, no image 3"), ("pages.tif", "images 0 … 2, no image 3"),
    ] {
      let sample = Sample(path: Fixtures.path("formats/" + file), frame: 3, label: 0, index: 0)
      let error = try #require(throws: DatasetError.self) { try ImageFile.read(sample) }
      #expect(error.message.contains(reason), "\(error.message)")
      #expect(error.hint?.contains("counted from 0") == true)
    }
    let volume = Sample(
      path: Fixtures.path("formats/volumes.nii.gz"), frame: 0, reading: ImageReading(volume: 3), label: 0,
      index: 0)
    let error = try #require(throws: DatasetError.self) { try ImageFile.read(volume) }
    #expect(error.message.contains("volumes 0 … 2, no volume 3"), "\(error.message)")
    #expect(error.hint?.contains("--volume") == true)
  }

  @Test(arguments: [
    "ct_window.dcm", "rle.dcm", "palette.dcm", "deflated.dcm", "las_int16.nii", "pir_uint8.nii.gz",
    "tiles.tif",
    "color.bmp",
  ])
  func `no truncation of a file is a crash, nor is it taken for the whole`(file: String) throws {
    let folder = try TemporaryFolder()
    let processes = DecodingProcesses(program: DecodingProcessTests.program)
    defer { processes.use(program: nil) }
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("formats/" + file))))
    for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
      let path = try folder.write(Array(bytes.prefix(count)), to: "cut")
      // What stands behind the pixels of a DICOM file, and a gzip checksum, are not needed.
      let mayBeWhole = count >= bytes.count - 8
      guard count > 0, let reply = try Self.answer(of: processes, to: path) else { continue }
      if case .image = reply {
        #expect(mayBeWhole, "\(file) cut to \(count) of \(bytes.count) bytes was accepted")
      }
    }
  }

  @Test func `flipped bits in a file are no crash`() throws {
    let folder = try TemporaryFolder()
    let processes = DecodingProcesses(program: DecodingProcessTests.program)
    defer { processes.use(program: nil) }
    for file in [
      "ct_window.dcm", "rle.dcm", "palette.dcm", "las_int16.nii", "tiles.tif", "palette.tif", "color.bmp",
    ] {
      var random = Random(11)
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("formats/" + file))))
      for _ in 0..<60 {
        var changed = bytes
        for _ in 0..<3 { changed[random.integer(below: bytes.count)] ^= UInt8(1 << random.integer(below: 8)) }
        let path = try folder.write(changed, to: "changed")
        _ = try Self.answer(of: processes, to: path)
      }
    }
  }

  /// What a process answers; nil where its decoder broke down, as GDCM's assertions do.
  private static func answer(of processes: DecodingProcesses, to path: String) throws -> DecodingReply? {
    let request = DecodingRequest(.image, path, frame: 0, ImageReading())
    do throws(CodecError) { return try processes.answer(to: request) } catch {
      #expect(error.reason.contains("the decoder broke down"), "\(error.reason)")
      return nil
    }
  }
}
