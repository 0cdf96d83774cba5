package import Datasets
package import Graphs
import TensorFiles

/// What a written model says about itself: PEERS, section 3, lists the keys that others read.
package enum ModelMetadata {
  /// Writes class names, preprocessing and recipe into a model's metadata, over what stood there.
  package static func describe(
    _ model: inout ModelDescription, classes: [String], _ preprocessing: Preprocessing,
    recipe: [(key: String, value: String)]
  ) {
    var entries = [
      ("names", ClassNames.pythonDictionary(of: classes)), ("task", "classify"),
      ("imgsz", "[\(preprocessing.outputHeight), \(preprocessing.outputWidth)]"),
      ("Image.BitmapPixelFormat", "Rgb8"),
    ]
    entries += preprocessing.fields.map { (PreprocessingChoice.keyPrefix + $0.name, $0.text) }
    entries += recipe.map { ("dka.recipe." + $0.key, $0.value) }
    let keys = Set(entries.map(\.0))
    // A recipe of an earlier run does not describe this model any more.
    model.metadata.removeAll { keys.contains($0.key) || $0.key.hasPrefix("dka.recipe.") }
    model.metadata += entries.map { MetadataEntry(key: $0.0, value: $0.1) }
  }

  /// Preprocessing as a JSON object.
  static func json(_ preprocessing: Preprocessing) -> JSONObject {
    var object = JSONObject()
    for field in preprocessing.fields { object[field.name] = .string(field.text) }
    return object
  }
}
