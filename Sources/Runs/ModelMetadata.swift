package import Datasets
package import Graphs
import TensorFiles

/// What a written model says about itself: PEERS, section 3, lists the keys that others read.
package enum ModelMetadata {
  /// Writes what was learned, from which images, preprocessing and recipe into a model's metadata, over what stood there.
  package static func describe(
    _ model: inout ModelDescription, _ task: any Task, _ images: LabelledImages,
    from learnt: LearntImages, _ preprocessing: Preprocessing, recipe: [(key: String, value: String)]
  ) {
    var entries = task.metadata(of: images).map { ($0.key, $0.value) }
    entries += [
      ("task", type(of: task).metadataName),
      ("imgsz", "[\(preprocessing.outputHeight), \(preprocessing.outputWidth)]"),
      ("Image.BitmapPixelFormat", preprocessing.channels == 1 ? "Gray8" : "Rgb8"),
    ]
    entries += recipe.map { ("dka.recipe." + $0.key, $0.value) }
    let keys = Set(entries.map(\.0))
    // The recipe of an earlier run does not describe this model any more.
    model.metadata.removeAll { keys.contains($0.key) || $0.key.hasPrefix("dka.recipe.") }
    model.metadata += entries.map { MetadataEntry(key: $0.0, value: $0.1) }
    learnt.describe(&model)
    describe(&model, preprocessing)
  }

  /// Writes how images are prepared into a model's metadata, over what stood there.
  static func describe(_ model: inout ModelDescription, _ preprocessing: Preprocessing) {
    model.metadata.removeAll { $0.key.hasPrefix(PreprocessingChoice.keyPrefix) }
    model.metadata += preprocessing.fields.map {
      MetadataEntry(key: PreprocessingChoice.keyPrefix + $0.name, value: $0.text)
    }
  }

  /// Preprocessing as the JSON object of `inspect`: numbers as numbers, and where it comes from.
  static func json(_ choice: PreprocessingChoice) -> JSONValue {
    let preprocessing = choice.preprocessing
    func text(_ name: String) -> JSONValue { JSONValue(preprocessing.fields.first { $0.name == name }?.text) }
    let isUnit = preprocessing.rescale == Preprocessing.unitRescale
    var object: JSONObject = [
      "size": JSONValue([preprocessing.outputHeight, preprocessing.outputWidth]), "resize": text("resize"),
      "crop": JSONValue(preprocessing.crop), "interpolation": text("interpolation"),
      "mean": .array(preprocessing.mean.map { JSONValue($0) }),
      "std": .array(preprocessing.standardDeviation.map { JSONValue($0) }),
      "rescale": isUnit ? .number(1.0 / 255) : JSONValue(preprocessing.rescale),
      "rounding": .string(preprocessing.rounding.rawValue),
      "fill": preprocessing.fill.map { .array($0.map { JSONValue($0) }) } ?? .null,
      "pad": JSONValue(preprocessing.pad), "channels": .integer(preprocessing.channels),
      "source": .string(choice.source),
    ]
    for name in ["window", "axis"] where preprocessing.reading != nil { object[name] = text(name) }
    if let reading = preprocessing.reading { object["volume"] = .integer(reading.volume) }
    if !choice.warnings.isEmpty { object["warnings"] = JSONValue(choice.warnings) }
    return .object(object)
  }

  /// Preprocessing as a JSON object of the texts in a model's metadata.
  static func json(_ preprocessing: Preprocessing) -> JSONObject {
    var object = JSONObject()
    for field in preprocessing.fields { object[field.name] = .string(field.text) }
    return object
  }
}
