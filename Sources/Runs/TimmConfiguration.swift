import Datasets
import TensorFiles

/// timm's `config.json`: how `timm.data.create_transform` prepares images for evaluation.
///
/// The size is the model's own; `crop_pct` is in proportion to it. Fields that are not there have timm's defaults.
struct TimmConfiguration {
  private let file: SideFile

  /// The configuration in a file; nil where it is not one of timm's.
  ///
  /// - Throws: where `pretrained_cfg` is no object.
  init?(_ file: SideFile) throws(DatasetError) {
    if let value = file.value("pretrained_cfg") {
      guard let settings = value.object else {
        throw file.unsupported("pretrained_cfg", value, expected: "an object")
      }
      self.file = SideFile(name: file.name, settings)
    } else if file.object["architecture"] != nil || file.object["input_size"] != nil,
      file.object["mean"] != nil || file.object["std"] != nil
    {
      self.file = file
    } else {
      return nil
    }
  }

  /// The preprocessing for a network that takes squares of this side.
  func preparation(side: Int, channels: Int) throws(DatasetError) -> SideFilePreparation {
    let assumed = try PreprocessingChoice.assumed(side: side, channels: channels).preprocessing
    let mean = try file.numbers("mean", channels: channels) ?? assumed.mean
    let deviation = try file.numbers("std", channels: channels) ?? assumed.standardDeviation
    try file.requireMean(mean, "mean", within: 1)
    _ = try inputSide(channels: channels)
    let share = try file.factor("crop_pct") ?? 0.875
    let scaled = Double(side) / share
    guard scaled >= 1, scaled < 1e6 else {
      throw file.refusal("crop_pct", "\(share) makes images of \(scaled) pixels")
    }
    // floor, as timm's.
    let size = Int(scaled)
    let black: [Float]? = size < side ? [Float](repeating: 0, count: channels) : nil
    let (resize, fill): (Preprocessing.Resize, [Float]?)
    switch try file.string("crop_mode") ?? "center" {
    case "center": (resize, fill) = (.shorterSide(size), black)
    case "squash": (resize, fill) = (.exact(width: size, height: size), black)
    case "border": (resize, fill) = (.longerSide(size), mean.map { (255 * $0).rounded(.toNearestOrEven) })
    case let other:
      throw file.unsupported("crop_mode", .string(other), expected: "center, squash or border")
    }
    return SideFilePreparation(
      preprocessing: try Preprocessing(
        resize: resize, crop: side, interpolation: try interpolation(), channels: channels, mean: mean,
        standardDeviation: deviation, rounding: .torchvision, fill: fill))
  }

  private func interpolation() throws(DatasetError) -> Interpolation {
    let name = try file.string("interpolation") ?? "bicubic"
    guard let interpolation = Interpolation(rawValue: name) else {
      throw file.unsupported("interpolation", .string(name), expected: "one of \(Interpolation.names)")
    }
    return interpolation
  }

  /// The side of the images that the file was written for, where it says it.
  ///
  /// - Parameter channels: what the network takes, where that is known.
  func inputSide(channels: Int? = nil) throws(DatasetError) -> Int? {
    guard let value = file.value("input_size") else { return nil }
    let sizes = (value.array ?? []).compactMap(\.integer)
    guard sizes.count == 3, sizes[0] == channels ?? sizes[0], sizes[1] == sizes[2] else {
      throw file.unsupported(
        "input_size", value, expected: "[\(channels.map(String.init) ?? "channels"), side, side]")
    }
    return sizes[1]
  }
}
