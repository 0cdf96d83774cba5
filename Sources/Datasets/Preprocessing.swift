import Tensors

/// What turns a decoded image into a network's input [3, H, W], without augmentation.
///
/// Resize, centre crop, scale to 0 … 1, grey copied to three channels, then (x − mean) / std per channel.
public struct Preprocessing: Sendable, Equatable {
  /// The size an image is brought to before cropping.
  public enum Resize: Sendable, Equatable {
    /// The shorter side becomes this long, the longer one in proportion (rounded down).
    case shorterSide(Int)
    /// Both sides are set, whatever the proportions.
    case exact(width: Int, height: Int)
  }

  /// The size before cropping.
  public var resize: Resize
  /// Side of the square cut out of the resized image, or nil to keep all of it.
  public var crop: Int?
  /// How pixels between pixels are found.
  public var interpolation: Interpolation
  /// What is subtracted per channel, of values from 0 to 1.
  public var mean: [Float]
  /// What the difference is divided by per channel.
  public var standardDeviation: [Float]

  /// The recipe's values by default: 256×256, crop 224, mean = std = 0.5.
  ///
  /// - Throws: an error that names the field: a size out of range, a crop larger than the image, a std of zero.
  public init(
    resize: Resize = .exact(width: 256, height: 256), crop: Int? = 224,
    interpolation: Interpolation = .bilinear, mean: [Float] = [0.5, 0.5, 0.5],
    standardDeviation: [Float] = [0.5, 0.5, 0.5]
  ) throws(DatasetError) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
    self.mean = mean
    self.standardDeviation = standardDeviation
    try validate()
  }

  /// Largest accepted side in pixels.
  static let sideLimit = 8192

  /// ImageNet's channel means, as most checkpoints use them.
  public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  /// ImageNet's channel standard deviations.
  public static let imageNetStandardDeviation: [Float] = [0.229, 0.224, 0.225]

  /// Checks every field, also after changes.
  public func validate() throws(DatasetError) {
    let shortest: Int
    switch resize {
    case .shorterSide(let side): shortest = side
    case .exact(let width, let height):
      shortest = min(width, height)
      guard max(width, height) <= Preprocessing.sideLimit else {
        throw outOfRange("resize", max(width, height))
      }
    }
    guard (1...Preprocessing.sideLimit).contains(shortest) else { throw outOfRange("resize", shortest) }
    if let crop {
      guard crop >= 1, crop <= shortest else {
        throw DatasetError(
          .badData, "crop \(crop) does not fit the resized image, whose shorter side is \(shortest)",
          hint: "choose a crop of at most \(shortest) or a larger resize")
      }
    } else if case .shorterSide = resize {
      throw DatasetError(
        .badData, "resizing the shorter side without a crop gives images of different sizes",
        hint: "set a crop, or resize to width × height")
    }
    guard mean.count == 3, mean.allSatisfy(\.isFinite) else {
      throw DatasetError(.badData, "mean \(mean) is not three finite numbers")
    }
    guard standardDeviation.count == 3, standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw DatasetError(.badData, "std \(standardDeviation) is not three numbers above zero")
    }
  }

  private func outOfRange(_ field: String, _ value: Int) -> DatasetError {
    DatasetError(.badData, "\(field) \(value) is not within 1 … \(Preprocessing.sideLimit)")
  }

  /// Width of the network's input.
  public var outputWidth: Int {
    if let crop { return crop }
    return switch resize {
    case .shorterSide(let side): side
    case .exact(let width, _): width
    }
  }

  /// Height of the network's input.
  public var outputHeight: Int {
    if let crop { return crop }
    return switch resize {
    case .shorterSide(let side): side
    case .exact(_, let height): height
    }
  }

  /// Elements of one input: 3 × height × width.
  package var elementCount: Int { 3 * outputHeight * outputWidth }

  /// The size an image of the given size is brought to before cropping.
  func resizedSize(width: Int, height: Int) -> (width: Int, height: Int) {
    switch resize {
    case .exact(let width, let height): return (width, height)
    case .shorterSide(let side):
      // The product cannot overflow: a side is below 2^24, the target at most 8192.
      let shorter = min(width, height)
      let longer = min(side * max(width, height) / shorter, 1 << 20)
      return width <= height ? (side, longer) : (longer, side)
    }
  }
}

extension Preprocessing {
  /// The fields as texts, in a fixed order; `init(fields:)` reads them back exactly.
  ///
  /// `resize` is `shorter 256` or `256x224` (width × height), `crop` a number or `none`, `mean` and `std` three numbers.
  public var fields: [(name: String, text: String)] {
    let resizeText =
      switch resize {
      case .shorterSide(let side): "shorter \(side)"
      case .exact(let width, let height): "\(width)x\(height)"
      }
    func list(_ values: [Float]) -> String { values.map(\.description).joined(separator: " ") }
    return [
      ("resize", resizeText), ("crop", crop.map(String.init) ?? "none"),
      ("interpolation", interpolation.rawValue), ("mean", list(mean)), ("std", list(standardDeviation)),
    ]
  }

  /// Reads the texts that `fields` gives.
  ///
  /// - Parameter text: the text stored under a field's name, nil where there is none.
  /// - Throws: an error that names the field that is missing or wrong.
  public init(fields text: (String) -> String?) throws(DatasetError) {
    func required(_ name: String) throws(DatasetError) -> String {
      guard let value = text(name) else {
        throw DatasetError(.badData, "preprocessing has no field '\(name)'")
      }
      return value
    }
    func wrong(_ name: String, _ value: String, _ expected: String) -> DatasetError {
      DatasetError(.badData, "preprocessing field '\(name)' is '\(value)', expected \(expected)")
    }
    func numbers(_ name: String) throws(DatasetError) -> [Float] {
      let value = try required(name)
      let numbers = value.split { $0 == " " || $0 == "," }.map { Float($0) }
      guard numbers.count == 3 else { throw wrong(name, value, "three numbers") }
      var result: [Float] = []
      for number in numbers {
        guard let number else { throw wrong(name, value, "three numbers") }
        result.append(number)
      }
      return result
    }
    let resizeText = try required("resize")
    guard let resize = Resize(text: resizeText) else {
      throw wrong("resize", resizeText, "'shorter N' or 'WIDTHxHEIGHT'")
    }
    let cropText = try required("crop")
    let crop = cropText == "none" ? nil : Int(cropText)
    guard cropText == "none" || crop != nil else { throw wrong("crop", cropText, "a number or 'none'") }
    let interpolationText = try required("interpolation")
    guard let interpolation = Interpolation(rawValue: interpolationText) else {
      throw wrong("interpolation", interpolationText, "'bilinear' or 'bicubic'")
    }
    try self.init(
      resize: resize, crop: crop, interpolation: interpolation, mean: try numbers("mean"),
      standardDeviation: try numbers("std"))
  }
}

extension Preprocessing.Resize {
  /// `shorter 256`, or `256x224`, or `256` for a square.
  public init?(text: String) {
    let words = text.split(separator: " ")
    if words.count == 2, words[0] == "shorter", let side = Int(words[1]) {
      self = .shorterSide(side)
      return
    }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    switch (sides.count, sides.first ?? nil, sides.last ?? nil) {
    case (1, let side?, _): self = .exact(width: side, height: side)
    case (2, let width?, let height?): self = .exact(width: width, height: height)
    default: return nil
    }
  }
}
