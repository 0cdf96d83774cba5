import Datasets
import Foundation
import TestSupport
import Testing

/// What becomes of files whose decoder does not survive them.
@Suite struct DecodingProcessTests {
  private let request = DecodingRequest(
    .image, Fixtures.path("formats/ct_window.dcm"), frame: 0, ImageReading())

  /// The program beside the tests.
  static let program: String = {
    let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: test).deletingLastPathComponent().appending(path: "dka").path
  }()

  @Test func `a process answers as this one would`() throws {
    let processes = DecodingProcesses(program: Self.program)
    defer { processes.use(program: nil) }
    for expected in try FormatTests.expected().prefix(30) {
      let sample = expected.sample
      let request = DecodingRequest(.image, sample.path, frame: sample.frame ?? 0, sample.reading)
      guard case .image(let image)? = try processes.answer(to: request) else {
        Issue.record("\(expected.file) has no answer")
        continue
      }
      #expect(try image == ImageFile.read(sample))
    }
    let contents = DecodingRequest(
      .contents, Fixtures.path("formats/series/first.seg.dcm"), frame: 0, ImageReading())
    guard case .contents(let found)? = try processes.answer(to: contents) else {
      Issue.record("a segmentation has no contents")
      return
    }
    #expect(found == ImageFormats.standard.contents(ofFile: Fixtures.path("formats/series/first.seg.dcm")))
    #expect(found.segmentation?.segments.map(\.label) == ["cyst", "tumour"])
  }

  @Test func `a refusal is a reason with what to do, and the process goes on`() throws {
    let processes = DecodingProcesses(program: Self.program)
    defer { processes.use(program: nil) }
    let refused: [(file: String, frame: Int, reason: String, hint: String?)] = [
      ("truncated.dcm", 0, "the file ends too early", nil),
      ("no_pixels.dcm", 0, "no pixel data", "leave the file out: it holds no image"),
      ("video.dcm", 0, "MPEG-4 AVC/H.264 High Profile", "export the image without compression"),
      ("frames.dcm", 3, "no image 3", "give the number of an image that it holds behind #, counted from 0"),
    ]
    for expected in refused {
      let bad = DecodingRequest(
        .image, Fixtures.path("formats/" + expected.file), frame: expected.frame, ImageReading())
      guard case .refusal(let error)? = try processes.answer(to: bad) else {
        Issue.record("\(expected.file) was decoded")
        continue
      }
      #expect(error.reason.contains(expected.reason), "\(error.reason)")
      #expect(error.hint == expected.hint)
    }
    guard case .image? = try processes.answer(to: request) else {
      Issue.record("no answer after a refusal")
      return
    }
  }

  @Test(arguments: [
    ("/bin/false", "the decoder broke down over it"), ("/bin/cat", "the decoder broke down over it"),
    ("/nowhere", "no process to decode it in: No such file or directory"),
  ])
  func `a decoder that ends, or answers nonsense, costs its file`(program: String, reason: String) throws {
    let processes = DecodingProcesses(program: program)
    let error = try #require(throws: CodecError.self) { try processes.answer(to: request) }
    #expect(error.reason.contains(reason), "\(error.reason)")
  }

  @Test func `without a program this process decodes`() throws {
    #expect(try DecodingProcesses().answer(to: request) == nil)
  }
}
