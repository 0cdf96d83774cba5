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

  /// Whether crops are cut out at random places.
  package var crops: Bool { self == .crop || self == .standard }
  var flips: Bool { self == .flip || self == .standard }
}

/// Where one image is cut and whether it is mirrored.
struct Placement: Equatable {
  /// First row of the resized image that is seen; negative where rows above it are filled.
  let top: Int
  /// First column of the resized image that is seen, likewise.
  let left: Int
  let isMirrored: Bool
}

extension Preprocessing {
  /// Where a resized image is cut; random choices come from `random`, the crop's row, then its column, then the flip.
  func placement(
    width: Int, height: Int, augmentation: Augmentation, random: inout Random
  ) -> Placement {
    let (freeRows, freeColumns) = (height - (crop ?? height), width - (crop ?? width))
    var (top, left) = (centered(freeRows), centered(freeColumns))
    if augmentation.crops {
      let (row, column) = (
        random.integer(below: max(freeRows, 0) + 1), random.integer(below: max(freeColumns, 0) + 1)
      )
      if freeRows >= 0 { top = row }
      if freeColumns >= 0 { left = column }
    }
    let isMirrored = augmentation.flips && random.integer(below: 2) == 1
    return Placement(top: top, left: left, isMirrored: isMirrored)
  }

  /// Half of the free space, negative where the image is smaller than the crop.
  private func centered(_ free: Int) -> Int {
    switch rounding {
    // Halves to even where something is cut away, towards more above where something is filled in.
    case .torchvision: free % 4 == 3 ? free / 2 + 1 : free / 2
    case .transformers: free >> 1
    }
  }

  /// The place moved so that what is cut out is centred on a point, as far as the image reaches.
  func centered(_ place: Placement, on focus: ImageFocus, width: Int, height: Int) -> Placement {
    func start(_ share: Double, _ extent: Int, _ first: Int) -> Int {
      let free = extent - (crop ?? extent)
      guard free > 0 else { return first }
      let middle = Int((share * Double(extent)).rounded(.down))
      return min(max(middle - (crop ?? extent) / 2, 0), free)
    }
    return Placement(
      top: start(focus.row, height, place.top), left: start(focus.column, width, place.left),
      isMirrored: place.isMirrored)
  }

  /// Whether a random crop shows less than an image of this size.
  func cutsAway(width: Int, height: Int) -> Bool { crop.map { $0 < width || $0 < height } ?? false }

  /// Writes the network's input for one image, [channels, H, W] in Float, into a slot of a batch.
  ///
  /// The random choices depend on `random` alone, which the caller keys by (seed, epoch, image).
  package func write(
    _ image: PreparedImage, augmentation: Augmentation, random: inout Random,
    into slot: UnsafeMutableBufferPointer<Float>
  ) {
    let place = placement(
      width: image.width, height: image.height, augmentation: augmentation, random: &random)
    unsafe write(image, at: place, into: slot)
  }

  /// Writes the same of an image that is cut at a place.
  func write(_ image: PreparedImage, at place: Placement, into slot: UnsafeMutableBufferPointer<Float>) {
    precondition(
      slot.count == elementCount, "the slot has \(slot.count) elements, \(elementCount) are written")
    precondition(
      (crop ?? image.width) <= outputWidth && (crop ?? image.height) <= outputHeight,
      "images of \(image.width)×\(image.height) pixels do not fit \(outputWidth)×\(outputHeight)")
    let part = resized(image, at: place)
    precondition(
      part.pixels.channels == channels || part.pixels.channels == 1 && channels == 3,
      refusal(of: part.pixels))
    let plane = outputHeight * outputWidth
    for channel in 0..<channels {
      let background = normalized((fill.map { Self.value($0, channel) } ?? 0) / 255, channel)
      let target = unsafe UnsafeMutableBufferPointer(rebasing: slot[channel * plane..<(channel + 1) * plane])
      if pad != nil { unsafe target.update(repeating: 0) }
      switch part.pixels.samples {
      case .bytes(let bytes):
        let table = (0..<256).map { normalized(Float($0) / 255, channel) }
        unsafe copy(bytes, of: part, channel, place, background, into: target) { table[Int($0)] }
      case .floats(let floats):
        unsafe copy(floats, of: part, channel, place, background, into: target) {
          normalized($0, channel)
        }
      }
    }
  }

  /// What the network sees of a value from 0 to 1.
  private func normalized(_ value: Float, _ channel: Int) -> Float {
    let rescaled = rescale == Preprocessing.unitRescale ? value : value * 255 * rescale
    return (rescaled - Self.value(mean, channel)) / Self.value(standardDeviation, channel)
  }

  /// The number of a channel, of one for each or one for all.
  private static func value(_ numbers: [Float], _ channel: Int) -> Float {
    numbers.count == 1 ? numbers[0] : numbers[channel]
  }

  @inline(__always)
  private func copy<Sample>(
    _ samples: [Sample], of image: PreparedImage, _ channel: Int, _ place: Placement, _ background: Float,
    into target: UnsafeMutableBufferPointer<Float>, _ value: (Sample) -> Float
  ) {
    let (width, height) = (crop ?? image.width, crop ?? image.height)
    let channels = image.pixels.channels
    let sourceChannel = channels == 1 ? 0 : channel
    // The rows and columns of the crop that lie within the image.
    let rows = max(-place.top, 0)..<min(height, image.height - place.top)
    let columns = max(-place.left, 0)..<min(width, image.width - place.left)
    let step = place.isMirrored ? -1 : 1
    for row in 0..<height {
      let line = row * outputWidth
      if columns.count < width || !rows.contains(row) {
        for column in 0..<width { unsafe target[line + column] = background }
      }
      guard rows.contains(row) else { continue }
      var output = line + (place.isMirrored ? width - 1 - columns.lowerBound : columns.lowerBound)
      var source =
        ((place.top + row - image.rows.lowerBound) * image.pixels.width + place.left + columns.lowerBound
          - image.columns.lowerBound) * channels + sourceChannel
      for _ in columns {
        unsafe target[output] = value(samples[source])
        output += step
        source += channels
      }
    }
  }

  /// The network's input for one image as a tensor [1, channels, H, W], without augmentation.
  ///
  /// - Throws: where the image has channels that the network does not take, or memory is short.
  public func tensor(of image: Image) throws -> Tensor {
    guard let fitting = image.colored(channels: channels) else {
      throw DatasetError(.badData, refusal(of: image))
    }
    let tensor = try Tensor(zeros: Shape([1, channels, outputHeight, outputWidth]))
    var random = Random(0)
    unsafe write(
      prepared(fitting, for: .none), augmentation: .none, random: &random,
      into: TensorView(tensor).buffer(of: Float.self))
    return tensor
  }
}
