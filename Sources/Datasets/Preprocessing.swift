import Tensors

/// What turns a decoded image into a network's input [channels, H, W], without augmentation.
///
/// Colour made grey for networks of one channel, resize, centre crop, grey copied to three channels, then per channel
/// (pixel · rescale − mean) / std with pixels of 0 … 255, then zeros below and to the right up to the padded size.
public struct Preprocessing: Sendable, Equatable {
  /// The size an image is brought to before cropping.
  public enum Resize: Sendable, Equatable {
    /// The image stays as it is.
    case unchanged
    /// The shorter side becomes this long, the longer one in proportion (rounded down).
    case shorterSide(Int)
    /// The longer side becomes this long, the shorter one in proportion (rounded to the nearest).
    case longerSide(Int)
    /// Both sides are set, whatever the proportions.
    case exact(width: Int, height: Int)
  }

  /// How halves of a pixel are rounded: whose transforms are followed.
  public enum Rounding: String, Sendable, CaseIterable {
    /// To even, in the place of the crop and in the shorter side.
    case torchvision
    /// The place of the crop is rounded down, the shorter side up.
    case transformers
  }

  /// The size before cropping.
  public var resize: Resize
  /// Side of the square cut out of the resized image, or nil to keep all of it.
  public var crop: Int?
  /// How pixels between pixels are found.
  public var interpolation: Interpolation
  /// Channels that the network takes: 1 for grey, 3 for red, green and blue; images must have any other number themselves.
  public var channels: Int
  /// What is subtracted per channel (or one number for all), of rescaled values (from 0 to 1 as a rule).
  public var mean: [Float]
  /// What the difference is divided by per channel, or one number for all.
  public var standardDeviation: [Float]
  /// What a pixel of 0 … 255 is multiplied by: 1/255 as a rule, 1 for networks that take 0 … 255.
  public var rescale: Float = Preprocessing.unitRescale
  /// How halves of a pixel are rounded.
  public var rounding = Rounding.torchvision
  /// Colour (0 … 255 per channel, or one number for all) around an image that is smaller than the crop; nil where that cannot be.
  public var fill: [Float]?
  /// Side of the square that zeros below and to the right complete the normalised image to, or nil for none.
  public var pad: Int?
  /// How images are made of DICOM and NIfTI files; nil where nothing of it is known to matter.
  public var reading: ImageReading?

  /// The recipe's values by default: 256×256, crop 224, mean = std = 0.5.
  ///
  /// - Throws: an error that names the field: a size out of range, a crop larger than the image, a std of zero.
  public init(
    resize: Resize = .exact(width: 256, height: 256), crop: Int? = 224,
    interpolation: Interpolation = .bilinear, channels: Int = 3, mean: [Float]? = nil,
    standardDeviation: [Float]? = nil, rescale: Float = Preprocessing.unitRescale,
    rounding: Rounding = .torchvision, fill: [Float]? = nil, pad: Int? = nil, reading: ImageReading? = nil
  ) throws(DatasetError) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
    self.channels = channels
    self.mean = mean ?? [Float](repeating: 0.5, count: max(channels, 1))
    self.standardDeviation = standardDeviation ?? [Float](repeating: 0.5, count: max(channels, 1))
    self.rescale = rescale
    self.rounding = rounding
    self.fill = fill
    self.pad = pad
    self.reading = reading
    try validate()
  }

  /// The factor that brings pixels to 0 … 1.
  public static let unitRescale: Float = 1 / 255
  /// Largest accepted side in pixels.
  static let sideLimit = 8192
  /// Accepted numbers of channels.
  package static let channelRange = 1...1024

  /// ImageNet's channel means, as most checkpoints use them.
  public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  /// ImageNet's channel standard deviations.
  public static let imageNetStandardDeviation: [Float] = [0.229, 0.224, 0.225]

  /// Checks every field, also after changes.
  public func validate() throws(DatasetError) {
    let sides: [Int]
    switch resize {
    case .unchanged: sides = []
    case .shorterSide(let side), .longerSide(let side): sides = [side]
    case .exact(let width, let height): sides = [width, height]
    }
    for side in sides { try checkSide("resize", side) }
    if let crop { try checkCrop(crop) }
    if let pad { try checkPad(pad) }
    if crop == nil, let kind = resize.openSide, !(pad != nil && kind == "longer") {
      throw DatasetError(
        .badData,
        resize == .unchanged
          ? "images that are not resized and not cropped have different sizes"
          : "resizing the \(kind) side without a crop gives images of different sizes",
        hint: "set a crop, or resize to width × height")
    }
    guard Self.channelRange.contains(channels) else {
      throw DatasetError(
        .badData,
        "channels \(channels) is not within \(Self.channelRange.lowerBound) … \(Self.channelRange.upperBound)"
      )
    }
    guard isPerChannel(mean), mean.allSatisfy(\.isFinite) else {
      throw DatasetError(.badData, "mean \(mean) is not \(countText) finite \(numbersText)")
    }
    guard isPerChannel(standardDeviation), standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw DatasetError(
        .badData, "std \(standardDeviation) is not \(countText) \(numbersText) above zero")
    }
    guard rescale.isFinite, rescale > 0 else {
      throw DatasetError(.badData, "rescale \(rescale) is not a number above zero")
    }
    if let fill {
      guard isPerChannel(fill), fill.allSatisfy({ (0...255).contains($0) }) else {
        throw DatasetError(.badData, "fill \(fill) is not \(countText) \(numbersText) within 0 … 255")
      }
    }
  }

  /// Whether there is a number for each channel, or one for all.
  private func isPerChannel(_ numbers: [Float]) -> Bool { numbers.count == channels || numbers.count == 1 }

  private var countText: String { channels == 1 ? "one" : channels == 3 ? "three" : "\(channels)" }
  private var numbersText: String { channels == 1 ? "number" : "numbers" }

  private func checkSide(_ field: String, _ value: Int) throws(DatasetError) {
    guard (1...Preprocessing.sideLimit).contains(value) else {
      throw DatasetError(.badData, "\(field) \(value) is not within 1 … \(Preprocessing.sideLimit)")
    }
  }

  private func checkCrop(_ crop: Int) throws(DatasetError) {
    guard fill == nil else { return try checkSide("crop", crop) }
    guard let shortest = resize.shortestSide else {
      throw DatasetError(
        .badData, "crop \(crop) may be larger than the resized image",
        hint: "set the colour around it, 'fill'")
    }
    guard crop >= 1, crop <= shortest else {
      throw DatasetError(
        .badData, "crop \(crop) does not fit the resized image, whose shorter side is \(shortest)",
        hint: "choose a crop of at most \(shortest) or a larger resize")
    }
  }

  private func checkPad(_ pad: Int) throws(DatasetError) {
    try checkSide("pad", pad)
    guard let longest = crop ?? resize.longestSide, longest <= pad else {
      throw DatasetError(
        .badData, "pad \(pad) is smaller than the image it completes",
        hint: "choose a larger pad, or a crop or longer side of at most \(pad)")
    }
  }

  /// Width of the network's input.
  public var outputWidth: Int { pad ?? crop ?? resize.width }

  /// Height of the network's input.
  public var outputHeight: Int { pad ?? crop ?? resize.height }

  /// Elements of one input: channels × height × width.
  package var elementCount: Int { channels * outputHeight * outputWidth }

  /// The same without anything cut away or filled in: the whole image fills the network's input.
  package var ofWholeImage: Preprocessing {
    var result = self
    result.resize = .exact(width: outputWidth, height: outputHeight)
    (result.crop, result.fill, result.pad) = (nil, nil, nil)
    return result
  }

  /// The size an image of the given size is brought to before cropping.
  func resizedSize(width: Int, height: Int) -> (width: Int, height: Int) {
    switch resize {
    case .unchanged: return (width, height)
    case .exact(let width, let height): return (width, height)
    case .shorterSide(let side):
      // The product cannot overflow: a side is below 2^27, the target at most 8192.
      let longer = side * max(width, height) / min(width, height)
      return width <= height ? (side, longer) : (longer, side)
    case .longerSide(let side):
      return (longer(width, height, side), longer(height, width, side))
    }
  }

  /// One extent of an image whose longer side becomes `side`, in the arithmetic of the transforms that are followed.
  private func longer(_ extent: Int, _ other: Int, _ side: Int) -> Int {
    let longest = Double(max(extent, other))
    switch rounding {
    case .transformers: return max(Int(Double(extent) * (Double(side) / longest) + 0.5), 1)
    case .torchvision:
      return max(Int((Double(extent) / (longest / Double(side))).rounded(.toNearestOrEven)), 1)
    }
  }
}

extension Preprocessing.Resize {
  /// Width of every resized image; the side that is set where the other one is open, 1 where both are.
  fileprivate var width: Int {
    if case .exact(let width, _) = self { width } else { shortestSide ?? longestSide ?? 1 }
  }

  /// Height of every resized image, likewise.
  fileprivate var height: Int {
    if case .exact(_, let height) = self { height } else { shortestSide ?? longestSide ?? 1 }
  }

  /// The shorter side of every resized image; nil where it differs from image to image.
  fileprivate var shortestSide: Int? {
    switch self {
    case .unchanged, .longerSide: nil
    case .shorterSide(let side): side
    case .exact(let width, let height): min(width, height)
    }
  }

  /// The longer side of every resized image; nil where it differs from image to image.
  fileprivate var longestSide: Int? {
    switch self {
    case .unchanged, .shorterSide: nil
    case .longerSide(let side): side
    case .exact(let width, let height): max(width, height)
    }
  }

  /// The side that is set while another one stays open; nil where both are set.
  fileprivate var openSide: String? {
    switch self {
    case .unchanged: "no"
    case .shorterSide: "shorter"
    case .longerSide: "longer"
    case .exact: nil
    }
  }
}
