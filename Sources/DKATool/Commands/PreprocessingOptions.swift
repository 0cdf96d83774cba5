import DKA

/// The options of every verb that prepares images.
enum PreprocessingOptions {
  static let imageSize = Option(
    "image-size", .integer(1...8192), "side of the model's images where the file leaves it open")
  static let resize = Option(
    "resize", .text("SIZE"),
    "size before cropping: N or WxH for both sides, 'shorter N' or 'longer N' for one, 'none' to keep it")
  static let crop = Option("crop", .integer(1...8192), "side of the square that is cut out")
  static let interpolation = Option(
    "interpolation", .choice(of: Interpolation.self), "how images are resized")
  static let mean = Option(
    "mean", .list(of: .number(-1e3...1e3), example: "0.5,0.5,0.5"),
    "subtracted per channel, from pixels of 0 … 1 (0 … 255 where the graph takes those)")
  static let deviation = Option(
    "std", .list(of: .number(above: 0), example: "0.5,0.5,0.5"), "divided by per channel")

  static var group: ArgumentGroup {
    ArgumentGroup("Images", [imageSize, resize, crop, interpolation, mean, deviation])
  }

  /// What the command line says.
  static func overrides(_ arguments: ParsedArguments) throws -> PreprocessingOverrides {
    var result = PreprocessingOverrides()
    if let text = arguments[resize] {
      guard let size = Preprocessing.Resize(text: text) else {
        throw UsageError(
          "'\(text)' is no size; use 256, 256x256, 'shorter 256', 'longer 256' or 'none'", field: "--resize")
      }
      result.resize = size
    }
    result.crop = arguments[crop]
    result.interpolation = arguments[interpolation]
    result.mean = arguments[mean].map { $0.map { Float($0) } }
    result.standardDeviation = arguments[deviation].map { $0.map { Float($0) } }
    return result
  }
}
