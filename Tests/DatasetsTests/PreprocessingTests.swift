import Datasets
import Tensors
import Testing

/// An image whose grey level tells the position: 16 · row + column.
private func ramp(_ width: Int, _ height: Int) -> Image {
  let bytes = (0..<height).flatMap { row in (0..<width).map { UInt8(16 * row + $0) } }
  return Image(width: width, height: height, channels: 1, bytes: bytes)
}

private func write(
  _ image: Image, _ preprocessing: Preprocessing, _ augmentation: Augmentation, key: Int = 0
) throws -> [Float] {
  let tensor = try Tensor(zeros: Shape([3, preprocessing.outputHeight, preprocessing.outputWidth]))
  var random = Random(key)
  unsafe preprocessing.write(
    PreparedImage(resized: image), augmentation: augmentation, random: &random,
    into: TensorView(tensor).buffer(of: Float.self))
  return tensor.elements(of: Float.self)
}

@Suite struct PreprocessingTests {
  @Test func `the centre is cut out and normalised per channel, grey copied to all`() throws {
    let preprocessing = try Preprocessing(
      resize: .exact(width: 8, height: 7), crop: 4, mean: [0, 0.5, 0.25], standardDeviation: [1, 0.5, 2])
    let values = try write(ramp(8, 7), preprocessing, .none)
    // torchvision: top = round(1.5) = 2 (to even), left = round(2.0) = 2.
    for row in 0..<4 {
      for column in 0..<4 {
        let grey = Float(16 * (row + 2) + column + 2) / 255
        #expect(values[row * 4 + column] == grey)
        #expect(values[16 + row * 4 + column] == (grey - 0.5) / 0.5)
        #expect(values[32 + row * 4 + column] == (grey - 0.25) / 2)
      }
    }
  }

  @Test func `colour channels become planes`() throws {
    let image = Image(width: 2, height: 1, channels: 3, bytes: [0, 51, 102, 153, 204, 255])
    let preprocessing = try Preprocessing(
      resize: .exact(width: 2, height: 1), crop: nil, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    #expect(try write(image, preprocessing, .none) == [0, 153, 51, 204, 102, 255].map { Float($0) / 255 })
  }

  @Test func `the shorter side is set and the longer one rounded down, as torchvision does`() throws {
    let preprocessing = try Preprocessing(resize: .shorterSide(248), crop: 224, interpolation: .bicubic)
    let image = Image(width: 500, height: 333, channels: 1, bytes: [UInt8](repeating: 9, count: 500 * 333))
    let resized = preprocessing.prepared(image, for: .crop)
    #expect(resized.width == 372 && resized.height == 248)
    #expect(resized.pixels.samples == .bytes([UInt8](repeating: 9, count: 372 * 248)))
  }

  @Test func `every crop position and both flips occur, and nothing else`() throws {
    let preprocessing = try Preprocessing(
      resize: .exact(width: 6, height: 5), crop: 4, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    var seen: Set<[Int]> = []
    for key in 0..<400 {
      let values = try write(ramp(6, 5), preprocessing, .standard, key: key).map { Int(($0 * 255).rounded()) }
      let (first, second) = (values[0], values[1])
      let isMirrored = second < first
      let (top, left) = (first / 16, isMirrored ? first % 16 - 3 : first % 16)
      for row in 0..<4 {
        for column in 0..<4 {
          #expect(values[row * 4 + column] == 16 * (top + row) + left + (isMirrored ? 3 - column : column))
        }
      }
      seen.insert([top, left, isMirrored ? 1 : 0])
    }
    #expect(seen.count == 2 * 3 * 2)
  }

  @Test func `the fields read back exactly`() throws {
    let all = [
      try Preprocessing(), try Preprocessing(resize: .exact(width: 32, height: 48), crop: nil),
      try Preprocessing(
        resize: .shorterSide(248), crop: 224, interpolation: .bicubic, mean: Preprocessing.imageNetMean,
        standardDeviation: Preprocessing.imageNetStandardDeviation),
      try Preprocessing(
        resize: .longerSide(1024), crop: nil, interpolation: .lanczos, rescale: 1, rounding: .transformers,
        pad: 1024),
      try Preprocessing(
        resize: .unchanged, crop: 224, interpolation: .hamming, rescale: 0.0078, fill: [124, 116, 104]),
    ]
    for preprocessing in all {
      let fields = preprocessing.fields
      let read = try Preprocessing { name in fields.first { $0.name == name }?.text }
      #expect(read == preprocessing)
    }
  }

  @Test(arguments: [
    ("crop", "300", "does not fit"), ("crop", "-1", "does not fit"), ("crop", "x", "a number or 'none'"),
    ("resize", "0x256", "not within"), ("resize", "256x99999999", "not within"),
    ("resize", "a", "'shorter N'"),
    ("resize", "shorter 99999999999999999999", "'shorter N'"), ("std", "1 0 1", "above zero"),
    ("mean", "0.5 0.5", "three finite numbers"), ("mean", "0.5 nan 0.5", "finite"),
    ("interpolation", "cubic", "bilinear"), ("rescale", "0", "above zero"), ("rescale", "x", "'1/255'"),
    ("rounding", "up", "'torchvision'"), ("fill", "0 0 300", "within 0 … 255"), ("pad", "10", "smaller"),
  ])
  func `a field that makes no sense is refused by name`(name: String, text: String, reason: String) throws {
    let fields = try Preprocessing().fields
    let error = try #require(throws: DatasetError.self) {
      try Preprocessing { field in field == name ? text : fields.first { $0.name == field }?.text }
    }
    #expect(error.message.contains(reason), "\(error.message)")
  }

  @Test func `files that were written without the later fields still read`() throws {
    let old = [
      "resize": "shorter 248", "crop": "224", "interpolation": "bicubic", "mean": "0.5 0.5 0.5",
      "std": "0.5 0.5 0.5",
    ]
    let expected = try Preprocessing(resize: .shorterSide(248), crop: 224, interpolation: .bicubic)
    #expect(try Preprocessing { old[$0] } == expected)
  }

  @Test func `networks that take pixels of 0 to 255 get them, and 16-bit images the same range`() throws {
    let preprocessing = try Preprocessing(
      resize: .exact(width: 2, height: 1), crop: nil, mean: [0, 0, 0], standardDeviation: [1, 1, 1],
      rescale: 1)
    let bytes = Image(width: 2, height: 1, channels: 1, bytes: [3, 200])
    let floats = Image(width: 2, height: 1, channels: 1, floats: [0, 1])
    #expect(try write(bytes, preprocessing, .none) == [3, 200, 3, 200, 3, 200])
    #expect(try write(floats, preprocessing, .none) == [0, 255, 0, 255, 0, 255])
  }
}
