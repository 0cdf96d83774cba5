package import Graphs
import TensorFiles

/// Class names in a model's metadata: PEERS, section 3, lists the keys in use.
package enum ClassNames {
  /// The names that a model carries, in index order, and the key they were found under.
  package static func read(_ metadata: [MetadataEntry]) -> (names: [String], key: String)? {
    func value(_ key: String) -> String? { metadata.first { $0.key == key }?.value }
    if let text = value("names"), let names = pythonDictionary(text) { return (names, "names") }
    for key in ["names", "class_names"] {
      if let text = value(key), let names = json(text) { return (names, key) }
    }
    if let text = value("model_info labels") {
      let names = text.split(separator: " ").map(String.init)
      if !names.isEmpty { return (names, "model_info labels") }
    }
    return nil
  }

  /// The names that a model carries, else those of a `config.json` beside it or one folder up, and where they were found.
  package static func read(of model: ModelFile) -> (names: [String], key: String)? {
    if let found = read(model.description.metadata) { return found }
    return sideFileNames(of: model).first { canName($0.names, model) }
  }

  /// Names beside a model that are not used, since they are more or fewer than any output has classes, in a line; nil where all are.
  package static func remark(on model: ModelFile) -> String? {
    guard read(of: model) == nil, let unfit = sideFileNames(of: model).first else { return nil }
    return "\(unfit.key) names \(unfit.names.count) classes, which no output of the model has: not used"
  }

  private static func sideFileNames(of model: ModelFile) -> [(names: [String], key: String)] {
    var found: [(names: [String], key: String)] = []
    for location in SideFile.locations(of: ["config.json"], besideModel: model.path) {
      guard let file = try? SideFile(at: location) else { continue }
      for field in ["id2label", "label_names"] {
        guard let value = file.object[field], let names = names(value), !arePlaceholders(names) else {
          continue
        }
        found.append((names, "\(field) of \(file.name)"))
      }
    }
    return found
  }

  /// Names per class index: the model's own, else numbers.
  package static func all(of model: ModelFile, count: Int) -> [String] {
    if let names = read(of: model)?.names, names.count == count { return names }
    return (0..<count).map(String.init)
  }

  /// Whether an output may have as many classes: a network with another head lies beside the same file.
  private static func canName(_ names: [String], _ model: ModelFile) -> Bool {
    model.description.graph.outputs.contains { output in
      guard case .tensor(_, let dimensions?)? = output.type?.kind,
        case .value(let extent)? = dimensions.last?.extent
      else { return true }
      return extent == names.count
    }
  }

  /// Whether these are the names that transformers writes where nobody gave any: `LABEL_0`, `LABEL_1`.
  private static func arePlaceholders(_ names: [String]) -> Bool {
    names.enumerated().allSatisfy { $0.element == "LABEL_\($0.offset)" }
  }

  /// The text of a Python dictionary from index to name, as the key `names` holds it.
  package static func pythonDictionary(of names: [String]) -> String {
    let entries = names.enumerated().map { index, name in
      let escaped = name.replacing("\\", with: "\\\\").replacing("'", with: "\\'").replacing(
        "\n", with: "\\n")
      return "\(index): '\(escaped)'"
    }
    return "{" + entries.joined(separator: ", ") + "}"
  }

  /// Reads `{0: 'a', 1: "b"}`; nil where the text is something else or leaves indices out.
  private static func pythonDictionary(_ text: String) -> [String]? {
    var scanner = DictionaryScanner(text)
    guard let entries = scanner.entries() else { return nil }
    return ordered(entries)
  }

  /// Reads a JSON list of names, or a JSON object from index to name.
  private static func json(_ text: String) -> [String]? {
    (try? JSONValue(parsing: text)).flatMap(names)
  }

  private static func names(_ value: JSONValue) -> [String]? {
    if let list = value.array {
      let names = list.compactMap(\.string)
      return names.count == list.count && !names.isEmpty ? names : nil
    }
    guard let object = value.object else { return nil }
    var entries: [(Int, String)] = []
    for member in object.members {
      guard let index = Int(member.key), let name = member.value.string else { return nil }
      entries.append((index, name))
    }
    return ordered(entries)
  }

  private static func ordered(_ entries: [(Int, String)]) -> [String]? {
    guard !entries.isEmpty else { return nil }
    let sorted = entries.sorted { $0.0 < $1.0 }
    guard sorted.enumerated().allSatisfy({ $0.offset == $0.element.0 }) else { return nil }
    return sorted.map(\.1)
  }
}

/// Reads the text of a Python dictionary whose keys are integers and whose values are strings.
private struct DictionaryScanner {
  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  mutating func entries() -> [(Int, String)]? {
    guard take("{") else { return nil }
    var result: [(Int, String)] = []
    while !take("}") {
      if !result.isEmpty { guard take(",") else { return nil } }
      if take("}") { break }
      guard let key = integer(), take(":"), let value = quoted() else { return nil }
      result.append((key, value))
    }
    return result
  }

  private mutating func skipSpaces() {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    skipSpaces()
    guard position < characters.count, characters[position] == character else { return false }
    position += 1
    return true
  }

  private mutating func integer() -> Int? {
    skipSpaces()
    let start = position
    while position < characters.count, characters[position].isASCII, characters[position].isNumber {
      position += 1
    }
    return Int(String(characters[start..<position]))
  }

  private mutating func quoted() -> String? {
    skipSpaces()
    guard position < characters.count, characters[position] == "'" || characters[position] == "\"" else {
      return nil
    }
    let quote = characters[position]
    position += 1
    var result = ""
    while position < characters.count, characters[position] != quote {
      if characters[position] == "\\", position + 1 < characters.count {
        position += 1
        result.append(characters[position] == "n" ? "\n" : characters[position])
      } else {
        result.append(characters[position])
      }
      position += 1
    }
    guard position < characters.count else { return nil }
    position += 1
    return result
  }
}
