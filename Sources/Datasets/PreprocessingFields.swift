import Tensors

extension Preprocessing {
  /// The fields as texts, in a fixed order; `init(fields:)` reads them back exactly.
  ///
  /// `resize` is `shorter 256`, `longer 256`, `256x224` (width × height) or `none`, `crop` a number or `none`, `mean` and
  /// `std` a number per channel or one for all, `rescale` `1/255` or a number. `channels`, `rounding`, `fill` and `pad` are there
  /// only where they differ from what most preparations do. `window` (`40 400`, or `file` for what DICOM files say and the percentiles of
  /// NIfTI volumes), `axis` and `volume` are there where such files were learnt from.
  public var fields: [(name: String, text: String)] {
    func list(_ values: [Float]) -> String { values.map(\.description).joined(separator: " ") }
    var fields = [
      ("resize", resize.text), ("crop", crop.map(String.init) ?? "none"),
      ("interpolation", interpolation.rawValue), ("mean", list(mean)), ("std", list(standardDeviation)),
      ("rescale", rescale == Self.unitRescale ? "1/255" : rescale.description),
    ]
    if channels != 3 { fields.append(("channels", String(channels))) }
    if rounding != .torchvision { fields.append(("rounding", rounding.rawValue)) }
    if let fill { fields.append(("fill", list(fill))) }
    if let pad { fields.append(("pad", String(pad))) }
    if let reading {
      fields += [
        ("window", reading.window.map { "\($0.center) \($0.width)" } ?? "file"),
        ("axis", reading.axis.rawValue), ("volume", String(reading.volume)),
      ]
    }
    return fields
  }

  /// Reads the texts that `fields` gives.
  ///
  /// - Parameter text: the text stored under a field's name, nil where there is none; fields after `std` may be absent.
  /// - Throws: an error that names the field that is missing or wrong.
  public init(fields text: (String) -> String?) throws(DatasetError) {
    let resize = try Self.required(
      "resize", text("resize"), "'shorter N', 'longer N', 'WIDTHxHEIGHT' or 'none'"
    ) { Resize(text: $0) }
    let crop = try Self.required("crop", text("crop"), "a number or 'none'") { text -> Int?? in
      text == "none" ? .some(nil) : Int(text).map { .some($0) }
    }
    let interpolation = try Self.required(
      "interpolation", text("interpolation"), "one of \(Interpolation.names)"
    ) { Interpolation(rawValue: $0) }
    let channels = try Self.optional("channels", text("channels"), "a number") { Int($0) } ?? 3
    let mean = try Self.required("mean", text("mean"), "numbers", Self.numbers)
    let deviation = try Self.required("std", text("std"), "numbers", Self.numbers)
    let rescale = try Self.optional("rescale", text("rescale"), "'1/255' or a number") {
      $0 == "1/255" ? Self.unitRescale : Float($0)
    }
    let rounding = try Self.optional("rounding", text("rounding"), "'torchvision' or 'transformers'") {
      Rounding(rawValue: $0)
    }
    try self.init(
      resize: resize, crop: crop, interpolation: interpolation, channels: channels, mean: mean,
      standardDeviation: deviation, rescale: rescale ?? Self.unitRescale, rounding: rounding ?? .torchvision,
      fill: try Self.optional("fill", text("fill"), "numbers", Self.numbers),
      pad: try Self.optional("pad", text("pad"), "a number") { Int($0) }, reading: try Self.reading(text))
  }

  private static func reading(_ text: (String) -> String?) throws(DatasetError) -> ImageReading? {
    let window = try optional("window", text("window"), "'file' or 'CENTER WIDTH'") {
      text -> ImageReading.Window?? in
      if text == "file" { return .some(nil) }
      let numbers = text.split(separator: " ").compactMap { Double($0) }
      guard numbers.count == 2, let window = ImageReading.Window(center: numbers[0], width: numbers[1]) else {
        return nil
      }
      return .some(window)
    }
    guard let window else { return nil }
    let axis = try optional("axis", text("axis"), "'axial', 'coronal' or 'sagittal'") {
      ImageReading.Axis(rawValue: $0)
    }
    let volume = try optional("volume", text("volume"), "a number from 0") {
      Int($0).flatMap { $0 < 0 ? nil : $0 }
    }
    return ImageReading(window: window, axis: axis ?? .axial, volume: volume ?? 0)
  }

  private static func required<Value>(
    _ name: String, _ text: String?, _ expected: String, _ parse: (String) -> Value?
  ) throws(DatasetError) -> Value {
    guard let value = try optional(name, text, expected, parse) else {
      throw DatasetError(.badData, "preprocessing has no field '\(name)'")
    }
    return value
  }

  private static func optional<Value>(
    _ name: String, _ text: String?, _ expected: String, _ parse: (String) -> Value?
  ) throws(DatasetError) -> Value? {
    guard let text else { return nil }
    guard let value = parse(text) else {
      throw DatasetError(.badData, "preprocessing field '\(name)' is '\(text)', expected \(expected)")
    }
    return value
  }

  private static func numbers(_ text: String) -> [Float]? {
    let words = text.split { $0 == " " || $0 == "," }
    let numbers = words.compactMap { Float($0) }
    return words.count == numbers.count ? numbers : nil
  }
}

extension Preprocessing.Resize {
  /// The text that `init(text:)` reads.
  fileprivate var text: String {
    switch self {
    case .unchanged: "none"
    case .shorterSide(let side): "shorter \(side)"
    case .longerSide(let side): "longer \(side)"
    case .exact(let width, let height): "\(width)x\(height)"
    }
  }

  /// `shorter 256`, `longer 256`, `256x224`, `256` for a square, or `none`.
  public init?(text: String) {
    let words = text.split(separator: " ")
    if words.count == 2, let side = Int(words[1]), words[0] == "shorter" || words[0] == "longer" {
      self = words[0] == "shorter" ? .shorterSide(side) : .longerSide(side)
      return
    }
    if text == "none" {
      self = .unchanged
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
