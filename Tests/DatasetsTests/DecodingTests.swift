import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// The pixels as the goldens check them: bytes, or 16-bit values most significant byte first.
private func goldenBytes(_ image: Image) -> [UInt8] {
  switch image.samples {
  case .bytes(let bytes): bytes
  case .floats(let floats):
    floats.flatMap { value in
      let deep = UInt16((value * 65535).rounded())
      return [UInt8(deep >> 8), UInt8(deep & 255)]
    }
  }
}

@Suite struct DecodingTests {
  @Test func `every kind of PNG and JPEG decodes to Pillow's bytes`() throws {
    for row in try Fixtures.rows("images/decoded.csv") {
      let image = try ImageFile.read(Fixtures.path("images/" + row[0]))
      #expect([image.width, image.height, image.channels].map(String.init) == Array(row[1...3]), "\(row[0])")
      #expect(String(crc32(goldenBytes(image))) == row[4], "\(row[0])")
    }
  }

  @Test(.enabled(if: SharedData.isPresent))
  func `real images decode and resize to Pillow's bytes`() throws {
    for row in try Fixtures.rows("images/shared.csv") {
      let image = try ImageFile.read(SharedData.path(row[0]))
      #expect([image.width, image.height, image.channels].map(String.init) == Array(row[1...3]), "\(row[0])")
      #expect(String(crc32(goldenBytes(image))) == row[4], "\(row[0])")
      guard row.count == 7 else { continue }
      let bilinear = image.resized(width: 256, height: 256, by: .bilinear)
      let bicubic = image.resized(width: 256, height: 256, by: .bicubic)
      #expect(String(crc32(goldenBytes(bilinear))) == row[5], "\(row[0])")
      #expect(String(crc32(goldenBytes(bicubic))) == row[6], "\(row[0])")
    }
  }

  @Test func `8-bit resizing gives Pillow's bytes`() throws {
    for row in try Fixtures.rows("images/resized.csv") {
      let image = try ImageFile.read(Fixtures.path("images/" + row[0]))
      let interpolation = try #require(Interpolation(rawValue: row[3]))
      let (width, height) = (try #require(Int(row[1])), try #require(Int(row[2])))
      let resized = image.resized(width: width, height: height, by: interpolation)
      #expect(String(crc32(goldenBytes(resized))) == row[4], "\(row)")
    }
  }

  @Test(arguments: Interpolation.allCases)
  func `16-bit resizing agrees with Pillow in float`(interpolation: Interpolation) throws {
    let image = try ImageFile.read(Fixtures.path("images/grey16.png"))
    let data = try Data(
      contentsOf: URL(fileURLWithPath: Fixtures.path("images/grey16_\(interpolation.rawValue).f32")))
    let expected = stride(from: 0, to: data.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[start + $1]) << (8 * UInt32($1)) })
    }
    guard case .floats(let values) = image.resized(width: 24, height: 17, by: interpolation).samples else {
      Issue.record("16-bit grey is not kept as floats")
      return
    }
    // Pillow sums in Double, we in Float: a dozen terms of magnitude 1.
    let largest = zip(values, expected).map { abs($0 - $1) }.max() ?? 1
    #expect(values.count == expected.count && largest < 2e-6)
  }

  @Test func `every truncation of a small file is an error, not a crash`() throws {
    for row in try Fixtures.rows("images/decoded.csv") {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("images/" + row[0]))))
      for count in 0..<bytes.count {
        // A baseline JPEG without its end marker, and a PNG without its end chunk's bytes, still have all their pixels.
        let canBeComplete = row[0].hasSuffix(".jpg") && count >= bytes.count - 2
        do {
          _ = try ImageFile.decode(Array(bytes.prefix(count)), named: row[0])
          #expect(canBeComplete, "\(row[0]) cut to \(count) of \(bytes.count) bytes was accepted")
        } catch {
          #expect(error.failureCode == .badData && error.message.hasPrefix("'\(row[0])': "))
        }
      }
    }
  }

  @Test func `flipped bytes never crash and keep the declared size`() throws {
    var random = Random(1)
    for row in try Fixtures.rows("images/decoded.csv") {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("images/" + row[0]))))
      for _ in 0..<400 {
        var damaged = bytes
        for _ in 0...random.integer(below: 3) {
          damaged[random.integer(below: damaged.count)] = UInt8(random.integer(below: 256))
        }
        guard let image = try? ImageFile.decode(damaged, named: row[0]) else { continue }
        #expect(image.byteCount >= image.width * image.height * image.channels)
      }
    }
  }

  @Test func `an image that claims too many pixels is refused before memory is taken`() throws {
    // A PNG header of 60000 × 60000 pixels with a valid checksum and no pixels.
    var header: [UInt8] = [0x49, 0x48, 0x44, 0x52, 0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 2, 0, 0, 0]
    let sum = crc32(header)
    header += (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
    let file: [UInt8] =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + header + [0, 0, 0, 0]
      + Array("IDAT".utf8) + [0x35, 0xAF, 0x06, 0x1E]
    let error = try #require(throws: DatasetError.self) { try ImageFile.decode(file, named: "bomb.png") }
    #expect(error.message.contains("60000×60000") && error.message.contains("100 megapixels"))
  }

  @Test func `missing, empty and foreign files are named with their reason`() throws {
    let folder = try TemporaryFolder()
    let missing = try #require(throws: DatasetError.self) { try ImageFile.read(folder.path + "/none.png") }
    #expect(missing.failureCode == .missingInput && missing.message.hasSuffix("No such file or directory"))
    let empty = try folder.write([], to: "empty.jpg")
    let emptyError = try #require(throws: DatasetError.self) { try ImageFile.read(empty) }
    #expect(
      emptyError.failureCode == .badData && emptyError.message == "'\(empty)': the file is empty (0 bytes)")
    let text = try folder.write("not a picture", to: "text.png")
    let foreign = try #require(throws: DatasetError.self) { try ImageFile.read(text) }
    #expect(foreign.message.contains("neither PNG, JPEG"))
  }

  @Test func `what is encoded as PNG decodes to the same pixels`() throws {
    var random = Random(3)
    for (width, height, channels) in [(1, 1, 1), (7, 5, 3), (64, 33, 1)] {
      let bytes = (0..<width * height * channels).map { _ in UInt8(random.integer(below: 256)) }
      let image = Image(width: width, height: height, channels: channels, bytes: bytes)
      #expect(try ImageFile.decode(PNGCoder.encode(image), named: "x.png") == image)
    }
    let indexed = try PNGCoder.encode(
      indices: [0, 1, 2, 1], width: 2, height: 2, palette: [(0, 0, 0), (9, 8, 7), (255, 254, 253)])
    let decoded = try ImageFile.decode(indexed, named: "x.png")
    #expect(decoded.samples == .bytes([0, 0, 0, 9, 8, 7, 255, 254, 253, 9, 8, 7]))
  }

  @Test func `a damaged EXIF block means upright, a good one in either byte order is read`() {
    let little: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
    let big: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0]
    #expect(Orientation(exif: little) == .rightTop && Orientation(exif: big) == .leftBottom)
    for count in 0..<20 { #expect(Orientation(exif: Array(little.prefix(count))) == .upright || count >= 20) }
    var far = little
    far.replaceSubrange(4..<8, with: [255, 255, 255, 255])
    #expect(Orientation(exif: far) == .upright)
  }
}
