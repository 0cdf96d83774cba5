import Datasets
import TensorFiles

/// Hugging Face's `preprocessor_config.json`, read as transformers' image processors read it with Pillow.
///
/// Fields that are not there have the defaults of the processor that the file names; what cannot be followed is refused.
struct HuggingFaceProcessor {
  private let file: SideFile
  private let defaults: ImageProcessorDefaults

  /// The processor that a file describes.
  init(_ file: SideFile) throws(DatasetError) {
    self.file = file
    let field = file.value("image_processor_type") == nil ? "feature_extractor_type" : "image_processor_type"
    let name = try file.string(field)
    guard let defaults = ImageProcessorDefaults(named: name) else {
      throw file.unsupported(
        field, JSONValue(name), expected: "one of \(ImageProcessorDefaults.names.joined(separator: ", "))")
    }
    self.defaults = defaults
    try refuseOthers()
  }

  /// The side of the images that the file makes, where it does not leave that to the network.
  var statedSide: Int? {
    // What the file leaves to the network follows it.
    let channels = file.value("image_mean")?.array?.count ?? 3
    let sides = [224, 448].map { side in
      (try? preparation(side: side, channels: channels))?.preprocessing.squareSide
    }
    return sides[0] == sides[1] ? sides[0] : nil
  }

  /// The preprocessing for a network that takes squares of this side.
  func preparation(side: Int, channels: Int) throws(DatasetError) -> SideFilePreparation {
    let (resize, crop) = try geometry(side: side)
    let pad = try padding(side: side)
    let (mean, deviation, rescale) = try values(channels)
    if pad == nil, crop == nil, resize == .unchanged {
      throw file.refusal(
        "do_resize", "false without do_center_crop is not supported: images keep different sizes")
    }
    let holdsCrop =
      switch resize {
      case .shorterSide(let side): crop ?? 0 <= side
      case .exact(let width, let height): crop ?? 0 <= min(width, height)
      case .longerSide, .unchanged: crop == nil
      }
    let preprocessing = try Preprocessing(
      resize: resize, crop: crop, interpolation: try interpolation(), channels: channels, mean: mean,
      standardDeviation: deviation, rescale: rescale, rounding: .transformers,
      fill: holdsCrop ? nil : [Float](repeating: 0, count: channels), pad: pad)
    return SideFilePreparation(
      preprocessing: preprocessing, normalizes: try file.flag("do_normalize"),
      rescales: try file.flag("do_rescale"))
  }
}

extension HuggingFaceProcessor {
  private enum Size {
    case number(Int)
    case resize(Preprocessing.Resize)
  }

  private func geometry(side: Int) throws(DatasetError) -> (Preprocessing.Resize, crop: Int?) {
    let crops = try file.flag("do_center_crop") ?? defaults.crops ?? (file.value("crop_size") != nil)
    var crop = crops ? try square("crop_size") ?? side : nil
    guard try file.flag("do_resize") ?? true else { return (.unchanged, crop) }
    var resize: Preprocessing.Resize
    switch try size() {
    case .number(let number):
      let isSquare = try file.flag("default_to_square") ?? defaults.resizesToSquare ?? !crops
      resize = isSquare ? .exact(width: number, height: number) : .shorterSide(number)
    case .resize(let size): resize = size
    case nil: resize = defaults.size ?? .exact(width: side, height: side)
    }
    guard let share = try file.factor("crop_pct") ?? defaults.cropShare, defaults.readsCropShare else {
      return (resize, crop)
    }
    let edge: Int
    switch resize {
    case .shorterSide(let side): edge = side
    case .exact(let width, let height) where width == height: edge = width
    default:
      throw file.refusal("crop_pct", "\(share) with a size that is not one side is not supported")
    }
    if crop == nil {
      // ConvNeXt: from 384 pixels on the image is squashed, nothing is cut away.
      guard edge < 384 else { return (.exact(width: edge, height: edge), nil) }
      crop = edge
    }
    let scaled = Double(edge) / share
    guard scaled >= 1, scaled < 1e6 else {
      throw file.refusal("crop_pct", "\(share) makes images of \(scaled) pixels")
    }
    resize = .shorterSide(Int(scaled))
    return (resize, crop)
  }

  private func size() throws(DatasetError) -> Size? {
    guard let value = file.value("size") else { return nil }
    let expected = "a number, shortest_edge, longest_edge, or height and width"
    if let number = value.integer { return .number(number) }
    if let list = value.array {
      guard list.count == 2, let height = list[0].integer, let width = list[1].integer else {
        throw file.unsupported("size", value, expected: expected)
      }
      return .resize(.exact(width: width, height: height))
    }
    let sides = (value.object?.members ?? []).filter { $0.value != .null }
    let numbers = sides.compactMap(\.value.integer)
    guard numbers.count == sides.count else { throw file.unsupported("size", value, expected: expected) }
    switch sides.map(\.key).sorted() {
    case ["shortest_edge"]: return .resize(.shorterSide(numbers[0]))
    case ["longest_edge"]: return .resize(.longerSide(numbers[0]))
    case ["height", "width"]:
      let isHeightFirst = sides[0].key == "height"
      return .resize(
        .exact(width: numbers[isHeightFirst ? 1 : 0], height: numbers[isHeightFirst ? 0 : 1]))
    default: throw file.unsupported("size", value, expected: expected)
    }
  }

  /// A field that holds one side, or height and width that agree.
  private func square(_ field: String) throws(DatasetError) -> Int? {
    guard let value = file.value(field) else { return nil }
    if let number = value.integer { return number }
    let sides = value.array?.map(\.integer) ?? [value["height"]?.integer, value["width"]?.integer]
    guard sides.count == 2, let height = sides[0], sides[1] == height else {
      throw file.unsupported(field, value, expected: "a number, or height and width that agree")
    }
    return height
  }

  private func padding(side: Int) throws(DatasetError) -> Int? {
    guard try file.flag("do_pad") ?? defaults.pads else { return nil }
    if let pad = try square("pad_size") { return pad }
    guard defaults.pads else {
      throw file.refusal(
        "do_pad", "true without pad_size is not supported: the size would depend on the batch")
    }
    return side
  }
}

extension HuggingFaceProcessor {
  /// Pillow's number of each filter.
  private static let filters: [Interpolation] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]

  private func interpolation() throws(DatasetError) -> Interpolation {
    guard let value = file.value("resample") else { return defaults.interpolation }
    guard let number = value.integer, Self.filters.indices.contains(number) else {
      throw file.unsupported(
        "resample", value,
        expected: "0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)")
    }
    return Self.filters[number]
  }

  private func values(_ channels: Int) throws(DatasetError) -> (
    mean: [Float], deviation: [Float], rescale: Float
  ) {
    let rescales = try file.flag("do_rescale") ?? true
    let rescale =
      rescales ? try file.factor("rescale_factor").map { Float($0) } ?? Preprocessing.unitRescale : 1
    let statistics = (
      mean: try file.numbers("image_mean", channels: channels) ?? defaults.mean,
      deviation: try file.numbers("image_std", channels: channels) ?? defaults.deviation
    )
    var mean = [Float](repeating: 0, count: channels)
    var deviation = [Float](repeating: 1, count: channels)
    if try file.flag("do_normalize") ?? true {
      try file.requireMean(
        statistics.mean, "image_mean", within: rescale == Preprocessing.unitRescale ? 1 : 255 * rescale)
      (mean, deviation) = statistics
    }
    // EfficientNet: one is subtracted after rescaling; the result is divided by the deviation once more.
    if rescales, try file.flag("rescale_offset") ?? false { mean = mean.map { $0 + 1 } }
    if try file.flag("include_top") ?? defaults.dividesTwice {
      deviation = zip(deviation, statistics.deviation).map { $0 * $1 }
    }
    return (mean, deviation, rescale)
  }

  /// Fields that change the result and are not followed here.
  private func refuseOthers() throws(DatasetError) {
    let followed: Set = [
      "do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad",
      // The channels are those that the network takes; labels are those of segmentation.
      "do_convert_rgb", "do_reduce_labels",
    ]
    for member in file.object.members
    where member.key.hasPrefix("do_") && !followed.contains(member.key) && member.value == .bool(true) {
      throw file.unsupported(member.key, member.value, expected: "false")
    }
    for field in ["keep_aspect_ratio", "offset", "use_square_size"] where try file.flag(field) ?? false {
      throw file.unsupported(field, .bool(true), expected: "false")
    }
    for field in ["size_divisor", "ensure_multiple_of"] {
      if let value = file.value(field), value.integer != 1 {
        throw file.unsupported(field, value, expected: "none")
      }
    }
    for field in ["data_format", "input_data_format"] {
      if let format = file.value(field), format.string != "channels_first" {
        throw file.unsupported(field, format, expected: "channels_first")
      }
    }
  }
}
