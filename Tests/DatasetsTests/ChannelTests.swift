import Datasets
import Tensors
import TestSupport
import Testing

/// A network's channels decide what it gets of an image.
@Suite struct ChannelTests {
  private func preprocessing(_ channels: Int) throws -> Preprocessing {
    try Preprocessing(
      resize: .exact(width: 2, height: 1), crop: nil, channels: channels, mean: [0], standardDeviation: [1],
      rescale: 1)
  }

  private func values(_ image: Image, channels: Int) throws -> [Float] {
    try preprocessing(channels).tensor(of: image).elements(of: Float.self)
  }

  @Test func `colour becomes grey as Pillow has it`() throws {
    // Pillow: Image.new("RGB", (1, 1), (12, 200, 77)).convert("L"), and of (255, 0, 0).
    let image = Image(width: 2, height: 1, channels: 3, bytes: [12, 200, 77, 255, 0, 0])
    #expect(try values(image, channels: 1) == [130, 76])
    let floats = Image(width: 2, height: 1, channels: 3, floats: [1, 1, 1, 0, 1, 0])
    let grey = try values(floats, channels: 1)
    #expect(grey[0] == 255 && abs(grey[1] - 255 * 0.587) < 1e-2)
  }

  @Test func `grey feeds one channel as it is and three by repetition`() throws {
    let image = Image(width: 2, height: 1, channels: 1, bytes: [3, 200])
    #expect(try values(image, channels: 1) == [3, 200])
    #expect(try values(image, channels: 3) == [3, 200, 3, 200, 3, 200])
  }

  @Test(arguments: [2, 4, 5])
  func `other numbers of channels are taken as they are stored, resized too`(channels: Int) throws {
    let bytes = (0..<4 * channels).map { UInt8($0) }
    let image = Image(width: 4, height: 1, channels: channels, bytes: bytes)
    let expected = try (0..<channels).flatMap { channel in
      let plane = Image(
        width: 4, height: 1, channels: 1, bytes: (0..<4).map { bytes[$0 * channels + channel] })
      return try values(plane, channels: 1)
    }
    #expect(try values(image, channels: channels) == expected)
  }

  @Test func `an image with other channels than the network's is refused by name`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      PNGCoder.encode(Image(width: 1, height: 1, channels: 3, bytes: [1, 2, 3])), to: "scan.png")
    let loader = BatchLoader(
      [Sample(path: path, label: 0, index: 0)], preprocessing: try preprocessing(4), options: .init())
    loader.start(epoch: 0)
    let error = try #require(throws: DatasetError.self) { try loader.next() }
    #expect(error.message == "'\(path)': the image has 3 channels, the model takes 4")
    #expect(error.failureCode == .badData)
  }

  @Test func `the fields of one channel read back`() throws {
    let written = try preprocessing(1)
    #expect(written.fields.contains { $0 == ("channels", "1") })
    #expect(try Preprocessing { name in written.fields.first { $0.name == name }?.text } == written)
    #expect(try !Preprocessing().fields.contains { $0.name == "channels" })
  }

  @Test(arguments: [0, 1025])
  func `a number of channels that no image has is refused`(channels: Int) {
    let error = #expect(throws: DatasetError.self) { try Preprocessing(channels: channels) }
    #expect(error?.message.contains("not within 1 … 1024") == true)
  }

  @Test func `statistics of three channels are refused for one`() {
    let error = #expect(throws: DatasetError.self) { try Preprocessing(channels: 1, mean: [0, 0, 0]) }
    #expect(error?.message.contains("is not one finite number") == true)
  }
}
