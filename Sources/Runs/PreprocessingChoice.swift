public import Datasets
package import Graphs
import TensorFiles
import Tensors

/// The preprocessing that a model is used with, and where it comes from.
///
/// METHOD, section 3: the command line, then the model's metadata, then side files, then the catalogue by hash; else
/// ImageNet's statistics with a warning.
public struct PreprocessingChoice: Sendable, Equatable {
  /// The preprocessing.
  public var preprocessing: Preprocessing
  /// Where it comes from, in words.
  public var source: String
  /// Whether nothing was known about the model.
  public var isAssumed: Bool

  /// A choice.
  package init(preprocessing: Preprocessing, source: String, isAssumed: Bool) {
    self.preprocessing = preprocessing
    self.source = source
    self.isAssumed = isAssumed
  }

  /// Prefix of the metadata keys that hold `Preprocessing.fields`.
  package static let keyPrefix = "dka.preprocessing."

  /// Finds the preprocessing of a model file.
  ///
  /// - Parameters:
  ///   - metadata: the model's metadata.
  ///   - path: the model file; side files are looked for in its folder.
  ///   - side: the side of the model's image input in pixels.
  package static func find(metadata: [MetadataEntry], path: String, side: Int) throws(DatasetError) -> Self {
    func value(_ key: String) -> String? { metadata.first { $0.key == keyPrefix + key }?.value }
    if value("resize") != nil {
      return Self(
        preprocessing: try Preprocessing(fields: value), source: "the model's metadata", isAssumed: false)
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    for (name, reader) in [("preprocessor_config.json", huggingFace), ("config.json", timm)] {
      guard let object = sideFile(folder + name) else { continue }
      if let found = try reader(object, side) {
        return Self(preprocessing: found, source: name, isAssumed: false)
      }
    }
    if let size = try? MemoryMap.file(at: path).byteCount,
      let known = Catalogue.entry(forFile: path, byteCount: size)
    {
      let preprocessing = try usual(
        side: side, mean: Preprocessing.imageNetMean, Preprocessing.imageNetStandardDeviation)
      return Self(preprocessing: preprocessing, source: "the catalogue: \(known.name)", isAssumed: false)
    }
    return Self(
      preprocessing: try usual(
        side: side, mean: Preprocessing.imageNetMean, Preprocessing.imageNetStandardDeviation),
      source: "ImageNet's usual statistics", isAssumed: true)
  }

  /// Resize of the shorter side to 8/7 of the crop, bicubic, as ImageNet classifiers are usually evaluated.
  package static func usual(side: Int, mean: [Float], _ standardDeviation: [Float]) throws(DatasetError)
    -> Preprocessing
  {
    try Preprocessing(
      resize: .shorterSide((side * 8 + 6) / 7), crop: side, interpolation: .bicubic, mean: mean,
      standardDeviation: standardDeviation)
  }

  /// A JSON object beside the model; nil where there is none or it can't be read as one.
  private static func sideFile(_ path: String) -> JSONObject? {
    guard let storage = try? MemoryMap.file(at: path), storage.byteCount < 1 << 20 else { return nil }
    let bytes = Tensor(elementType: .uint8, shape: Shape([storage.byteCount]), storage: storage).elements(
      of: UInt8.self)
    return (try? JSONValue(parsing: bytes, file: path))?.object
  }

  /// Hugging Face's `preprocessor_config.json`.
  private static func huggingFace(_ object: JSONObject, _ side: Int) throws(DatasetError) -> Preprocessing? {
    guard let mean = numbers(object["image_mean"]), let deviation = numbers(object["image_std"]) else {
      return nil
    }
    let interpolation: Interpolation = object["resample"]?.integer == 2 ? .bilinear : .bicubic
    let size = object["size"]
    if let shortest = size?["shortest_edge"]?.integer {
      let crop = object["crop_size"]?["height"]?.integer ?? side
      return try Preprocessing(
        resize: .shorterSide(shortest), crop: crop, interpolation: interpolation, mean: mean,
        standardDeviation: deviation)
    }
    let height = size?["height"]?.integer ?? size?.integer ?? side
    let width = size?["width"]?.integer ?? size?.integer ?? side
    return try Preprocessing(
      resize: .exact(width: width, height: height), crop: nil, interpolation: interpolation, mean: mean,
      standardDeviation: deviation)
  }

  /// timm's `config.json` with its `pretrained_cfg`.
  private static func timm(_ object: JSONObject, _ side: Int) throws(DatasetError) -> Preprocessing? {
    let settings = object["pretrained_cfg"]?.object ?? object
    guard let mean = numbers(settings["mean"]), let deviation = numbers(settings["std"]) else { return nil }
    let share = settings["crop_pct"]?.number ?? 0.875
    guard share > 0, share <= 1 else { return nil }
    let interpolation: Interpolation = settings["interpolation"]?.string == "bilinear" ? .bilinear : .bicubic
    return try Preprocessing(
      resize: .shorterSide(Int(Double(side) / share)), crop: side, interpolation: interpolation, mean: mean,
      standardDeviation: deviation)
  }

  private static func numbers(_ value: JSONValue?) -> [Float]? {
    guard let list = value?.array else { return nil }
    let numbers = list.compactMap { $0.number.map { Float($0) } }
    return numbers.count == list.count ? numbers : nil
  }
}

/// What the command line says about preprocessing; nil fields keep what the model says.
public struct PreprocessingOverrides: Sendable, Equatable {
  /// Resize, as `shorter 256`, `256x256` or `256`.
  public var resize: Preprocessing.Resize?
  /// Side of the crop.
  public var crop: Int?
  /// How pixels between pixels are found.
  public var interpolation: Interpolation?
  /// Mean per channel.
  public var mean: [Float]?
  /// Standard deviation per channel.
  public var standardDeviation: [Float]?

  /// No overrides.
  public init() {}

  /// The choice with what is given here in place of what it says.
  package func applied(to choice: PreprocessingChoice) throws(DatasetError) -> PreprocessingChoice {
    var result = choice
    if let resize { result.preprocessing.resize = resize }
    if let crop { result.preprocessing.crop = crop }
    if let interpolation { result.preprocessing.interpolation = interpolation }
    if let mean { result.preprocessing.mean = mean }
    if let standardDeviation { result.preprocessing.standardDeviation = standardDeviation }
    try result.preprocessing.validate()
    if mean != nil && standardDeviation != nil { result.isAssumed = false }
    if result.preprocessing != choice.preprocessing { result.source += ", changed by the command line" }
    return result
  }
}
