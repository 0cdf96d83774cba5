public import Tensors

/// Random changes of training images.
public enum Augmentation: String, Sendable, CaseIterable {
  /// None: the centre is cut out, as in evaluation.
  case none
  /// The image is mirrored left to right half of the time.
  case flip
  /// The square is cut out at a random place.
  case crop
  /// Random crop and mirroring: the recipe's.
  case standard

  var crops: Bool { self == .crop || self == .standard }
  var flips: Bool { self == .flip || self == .standard }
}

/// Where one image is cut and whether it is mirrored.
struct Placement: Equatable {
  let top: Int
  let left: Int
  let isMirrored: Bool
}

extension Preprocessing {
  /// The resized image, in 8 bits where the file has 8 bits: what may be cached, since nothing random came before.
  package func resized(_ image: Image) -> Image {
    let (width, height) = resizedSize(width: image.width, height: image.height)
    return image.resized(width: width, height: height, by: interpolation)
  }

  /// Where a resized image is cut; random choices come from `random`, the crop's row, then its column, then the flip.
  func placement(
    width: Int, height: Int, augmentation: Augmentation, random: inout Random
  ) -> Placement {
    let (freeRows, freeColumns) = (height - outputHeight, width - outputWidth)
    var (top, left) = (Preprocessing.centered(freeRows), Preprocessing.centered(freeColumns))
    if augmentation.crops {
      top = random.integer(below: freeRows + 1)
      left = random.integer(below: freeColumns + 1)
    }
    let isMirrored = augmentation.flips && random.integer(below: 2) == 1
    return Placement(top: top, left: left, isMirrored: isMirrored)
  }

  /// Half of the free space, halves rounded to even as torchvision's centre crop does.
  private static func centered(_ free: Int) -> Int {
    free % 4 == 3 ? free / 2 + 1 : free / 2
  }

  /// Writes the network's input for one resized image, [3, H, W] in Float, into a slot of a batch.
  ///
  /// The random choices depend on `random` alone, which the caller keys by (seed, epoch, image).
  package func write(
    _ resizedImage: Image, augmentation: Augmentation, random: inout Random,
    into slot: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(
      slot.count == elementCount, "the slot has \(slot.count) elements, \(elementCount) are written")
    let place = placement(
      width: resizedImage.width, height: resizedImage.height, augmentation: augmentation, random: &random)
    let plane = outputHeight * outputWidth
    for channel in 0..<3 {
      let target = unsafe UnsafeMutableBufferPointer(rebasing: slot[channel * plane..<(channel + 1) * plane])
      let sourceChannel = resizedImage.channels == 3 ? channel : 0
      switch resizedImage.samples {
      case .bytes(let bytes):
        let table = (0..<256).map { normalized(Float($0) / 255, channel) }
        unsafe copy(bytes, of: resizedImage, sourceChannel, place, into: target) { table[Int($0)] }
      case .floats(let floats):
        unsafe copy(floats, of: resizedImage, sourceChannel, place, into: target) { normalized($0, channel) }
      }
    }
  }

  private func normalized(_ value: Float, _ channel: Int) -> Float {
    (value - mean[channel]) / standardDeviation[channel]
  }

  @inline(__always)
  private func copy<Sample>(
    _ samples: [Sample], of image: Image, _ channel: Int, _ place: Placement,
    into target: UnsafeMutableBufferPointer<Float>, _ value: (Sample) -> Float
  ) {
    let (width, height) = (outputWidth, outputHeight)
    let step = place.isMirrored ? -image.channels : image.channels
    for row in 0..<height {
      let firstColumn = place.isMirrored ? place.left + width - 1 : place.left
      var source = ((place.top + row) * image.width + firstColumn) * image.channels + channel
      for column in 0..<width {
        unsafe target[row * width + column] = value(samples[source])
        source += step
      }
    }
  }

  /// The network's input for one image as a tensor [1, 3, H, W], without augmentation.
  public func tensor(of image: Image) throws(StorageError) -> Tensor {
    let tensor = try Tensor(zeros: Shape([1, 3, outputHeight, outputWidth]))
    var random = Random(0)
    unsafe write(
      resized(image), augmentation: .none, random: &random,
      into: TensorView(tensor).buffer(of: Float.self))
    return tensor
  }
}
