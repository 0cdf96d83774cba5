package import Datasets
package import TensorFiles
import Tensors

/// A JSON file that lies beside a model, or one folder up (`onnx/model.onnx`), and says what the model file does not.
///
/// Fields are read with their type; whatever is wrong is refused by file, field and value.
package struct SideFile: Sendable {
  /// The file's name as errors and `source` show it, `../` in front where it lies one folder up.
  package let name: String
  /// Its content.
  package let object: JSONObject

  /// Names of the files that are looked for, in the order in which they are asked.
  static let names = ["preprocessor_config.json", "config.json"]

  /// What the command line can say instead of a file that is refused.
  static let hint = "--resize, --crop, --interpolation, --mean and --std together go before the file"

  /// A JSON object as a side file.
  package init(name: String, _ object: JSONObject) {
    self.name = name
    self.object = object
  }

  /// Where a side file may lie.
  package struct Location: Sendable {
    let path: String
    let name: String
  }

  /// Where files of these names may lie: beside a model, then one folder up.
  package static func locations(of names: [String], besideModel path: String) -> [Location] {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return ["", "../"].flatMap { up in names.map { Location(path: folder + up + $0, name: up + $0) } }
  }

  /// Paths of the files beside a model that are there, which may say what the model file does not.
  package static func present(besideModel path: String) -> [String] {
    locations(of: names, besideModel: path).map(\.path)
      .filter { Folder.exists($0) }
  }

  /// The file at a place; nil where there is none.
  ///
  /// - Throws: where it is no JSON object.
  package init?(at location: Location) throws(DatasetError) {
    guard let storage = try? MemoryMap.file(at: location.path) else { return nil }
    // The names of 21,000 classes take about 1 MB.
    if storage.byteCount < 16 << 20 {
      let bytes = Tensor(elementType: .uint8, shape: Shape([storage.byteCount]), storage: storage).elements(
        of: UInt8.self)
      if let object = (try? JSONValue(parsing: bytes, file: location.path))?.object {
        self.init(name: location.name, object)
        return
      }
    }
    throw .badFile(
      location.name, "the file is no JSON object of at most 16 MiB", hint: SideFile.hint)
  }
}

extension SideFile {
  /// An error about a field.
  func refusal(_ field: String, _ reason: String) -> DatasetError {
    .badFile(name, "\(field) \(reason)", hint: SideFile.hint)
  }

  /// An error about a field whose value is not one that is supported.
  func unsupported(_ field: String, _ value: JSONValue, expected: String) -> DatasetError {
    refusal(field, "\(value.text().prefix(80)) is not supported, expected \(expected)")
  }

  /// A field that is there and not null.
  func value(_ field: String) -> JSONValue? {
    guard let value = object[field], value != .null else { return nil }
    return value
  }

  /// true or false.
  func flag(_ field: String) throws(DatasetError) -> Bool? {
    guard let value = value(field) else { return nil }
    guard let flag = value.bool else { throw unsupported(field, value, expected: "true or false") }
    return flag
  }

  /// A finite number above zero.
  func factor(_ field: String) throws(DatasetError) -> Double? {
    guard let value = value(field) else { return nil }
    guard let number = value.number, number > 0, number.isFinite else {
      throw unsupported(field, value, expected: "a number above zero")
    }
    return number
  }

  /// A text.
  func string(_ field: String) throws(DatasetError) -> String? {
    guard let value = value(field) else { return nil }
    guard let string = value.string else { throw unsupported(field, value, expected: "a text") }
    return string
  }

  /// A number per channel, or one for all.
  func numbers(_ field: String, channels: Int) throws(DatasetError) -> [Float]? {
    guard let value = value(field) else { return nil }
    if let number = value.number { return [Float](repeating: Float(number), count: channels) }
    let numbers = (value.array ?? []).compactMap { $0.number.map { Float($0) } }
    guard numbers.count == channels, numbers.count == value.array?.count else {
      let expected = channels == 3 ? "three numbers" : channels == 1 ? "one number" : "\(channels) numbers"
      throw unsupported(field, value, expected: expected)
    }
    return numbers
  }

  /// The mean must lie within the pixels that it is subtracted from.
  func requireMean(_ mean: [Float], _ field: String, within highest: Float) throws(DatasetError) {
    guard mean.contains(where: { $0 > highest * 1.0001 }) else { return }
    throw refusal(
      field,
      "\(mean) is above the pixels of 0 … \(highest) that it is subtracted from; it is the mean of pixels of 0 … 255, or it "
        + "has to be divided by 255")
  }
}

/// What a side file says about preprocessing.
package struct SideFilePreparation: Sendable, Equatable {
  /// The preprocessing.
  package var preprocessing: Preprocessing
  /// Whether pixels are normalised, where the file says so in so many words.
  package var normalizes: Bool?
  /// Whether pixels are brought to 0 … 1 (or another range), where the file says so in so many words.
  package var rescales: Bool?
}
