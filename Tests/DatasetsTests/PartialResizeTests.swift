import Datasets
import Tensors
import Testing

private func noise(_ width: Int, _ height: Int, _ channels: Int, isDeep: Bool, _ random: inout Random)
  -> Image
{
  let bytes = (0..<width * height * channels).map { _ in UInt8(random.integer(below: 256)) }
  guard isDeep else { return Image(width: width, height: height, channels: channels, bytes: bytes) }
  return Image(width: width, height: height, channels: channels, floats: bytes.map { Float($0) / 255 })
}

/// The samples of a part of an image.
private func cut(_ image: Image, _ rows: Range<Int>, _ columns: Range<Int>) -> Image.Samples {
  let positions = rows.flatMap { row in
    columns.flatMap { column in
      (0..<image.channels).map { (row * image.width + column) * image.channels + $0 }
    }
  }
  switch image.samples {
  case .bytes(let bytes): return .bytes(positions.map { bytes[$0] })
  case .floats(let floats): return .floats(positions.map { floats[$0] })
  }
}

@Suite struct PartialResizeTests {
  @Test(arguments: Interpolation.allCases)
  func `a part of a resized image has the bits of the whole`(interpolation: Interpolation) {
    var random = Random(5)
    func some(_ count: Int) -> Range<Int> {
      let start = random.integer(below: count)
      return start..<start + 1 + random.integer(below: count - start)
    }
    for _ in 0..<60 {
      let image = noise(
        1 + random.integer(below: 60), 1 + random.integer(below: 60), random.integer(below: 2) == 0 ? 1 : 3,
        isDeep: random.integer(below: 4) == 0, &random)
      let (width, height) = (1 + random.integer(below: 70), 1 + random.integer(below: 70))
      let (rows, columns) = (some(height), some(width))
      let whole = image.resized(width: width, height: height, by: interpolation)
      let part = image.resized(width: width, height: height, by: interpolation, rows: rows, columns: columns)
      #expect(part.samples == cut(whole, rows, columns))
    }
  }

  @Test(arguments: [Augmentation.none, .flip, .crop, .standard])
  func `the crop of an extreme image costs what the crop needs`(augmentation: Augmentation) throws {
    var random = Random(6)
    // Resized as a whole: 256 × 7,680,000 pixels, 5.9 GB.
    let image = noise(2, 60_000, 3, isDeep: false, &random)
    let preprocessing = try Preprocessing(resize: .shorterSide(256), crop: 224)
    let prepared = preprocessing.prepared(image, for: augmentation)
    #expect(prepared.width == 256 && prepared.height == 7_680_000)
    #expect(prepared.pixels.byteCount <= max(image.byteCount, 3 * 224 * 224))
    let tensor = try Tensor(zeros: Shape([3, 224, 224]))
    unsafe preprocessing.write(
      prepared, augmentation: augmentation, random: &random, into: TensorView(tensor).buffer(of: Float.self))
    #expect(Set(tensor.elements(of: Float.self)).count > 2)
  }

  @Test func `random crops are the same bits whether the image is resized as a whole or crop by crop`() throws
  {
    // 24 × 180,000 pixels are more than the limit.
    var random = Random(7)
    let preprocessing = try Preprocessing(
      resize: .shorterSide(24), crop: 20, interpolation: .bicubic, mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    let image = noise(7_500, 1, 1, isDeep: false, &random)
    let lazily = preprocessing.prepared(image, for: .standard)
    #expect(lazily.isDecoded)
    let whole = PreparedImage(resized: image.resized(width: 180_000, height: 24, by: .bicubic))
    for key in 0..<5 {
      let written = try [lazily, whole].map { prepared in
        let tensor = try Tensor(zeros: Shape([3, 20, 20]))
        var random = Random(key)
        unsafe preprocessing.write(
          prepared, augmentation: .standard, random: &random, into: TensorView(tensor).buffer(of: Float.self))
        return tensor.elements(of: Float.self)
      }
      #expect(written[0] == written[1])
    }
  }
}
