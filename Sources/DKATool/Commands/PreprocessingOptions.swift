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

  static let window = Option(
    "window", .list(of: .number(-1e9...1e9), example: "40,400"),
    "DICOM and NIfTI: centre and width of the values shown from black to white; by default what DICOM files say, of NIfTI volumes the 0.5 "
      + "to 99.5 percentile of the values above 0")
  static let axis = Option(
    "axis", .choice(of: ImageReading.Axis.self), "NIfTI: how volumes are cut into slices, axial by default")
  static let volume = Option(
    "volume", .integer(0...1_000_000), "NIfTI: which volume of a file with several, 0 by default")

  static var group: ArgumentGroup {
    ArgumentGroup(
      "Images", [imageSize, resize, crop, interpolation, mean, deviation, window, axis, volume])
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
    if let numbers = arguments[window] {
      guard numbers.count == 2, let window = ImageReading.Window(center: numbers[0], width: numbers[1]) else {
        throw UsageError("takes a centre and a width of at least 1, as in 40,400", field: "--window")
      }
      result.window = window
    }
    result.axis = arguments[axis]
    result.volume = arguments[volume]
    return result
  }
}
