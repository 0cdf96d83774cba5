package import Backbones
package import Graphs
package import TensorFiles
package import Tensors

/// An adapter without its network: a folder with `adapter_model.safetensors` and `adapter_config.json`.
///
/// File names and the config's first keys are those of Hugging Face peft. The tensors are named as the initializers that
/// injection adds; `recipe` rebuilds the injection on a network whose file has the hash `base_model_sha256`.
package struct AdapterManifest: Sendable {
  /// File of the tensors within the folder.
  package static let tensorFile = "adapter_model.safetensors"
  /// File of the description within the folder.
  package static let configFile = "adapter_config.json"

  /// The method's name.
  package var method: String
  /// The method's options.
  package var options: AdapterOptions
  /// Decides the start of new tensors.
  package var seed: Int
  /// What rebuilds the new head, as `TaskHead.recipe` has it; empty where the old one was kept.
  package var head: [String: String]
  /// Points given by hand, or nil for the family's own.
  package var placement: HandPlacement?
  /// The values at which adapters stand, for information.
  package var points: [String]
  /// SHA-256 of the network's file, in hexadecimal.
  package var baseModelHash: String
  /// Name of the network's file.
  package var baseModelName: String
  /// Names of the classes.
  package var classNames: [String]?
  /// What is done to images before the network.
  package var preprocessing: JSONValue?
  /// The metadata of the adapted model's file; none in folders of earlier versions.
  package var metadata: [MetadataEntry] = []

  /// The manifest of an adapted model.
  package init(
    _ model: AdaptedModel, seed: Int, head: [String: String], placement: HandPlacement? = nil,
    baseModelHash: String,
    baseModelName: String, classNames: [String]? = nil, preprocessing: JSONValue? = nil,
    metadata: [MetadataEntry] = []
  ) {
    method = type(of: model.method).name
    options = model.method.options
    self.seed = seed
    self.head = head
    self.placement = placement
    points = model.points
    self.baseModelHash = baseModelHash
    self.baseModelName = baseModelName
    self.classNames = classNames
    self.preprocessing = preprocessing
    self.metadata = metadata
  }

  /// Writes the folder; each file is complete or not there.
  package func write(to folder: String, tensors: [(name: String, tensor: Tensor)]) throws {
    try Folder.create(folder)
    try SafeTensors.write(
      tensors.map { SafeTensors.Entry(name: $0.name, tensor: $0.tensor) },
      metadata: [(name: "format", text: "pt")],
      to: "\(folder)/\(Self.tensorFile)")
    try AtomicWrite.file(
      at: "\(folder)/\(Self.configFile)", bytes: Array((json.text(indented: true) + "\n").utf8))
  }

  /// Reads the folder.
  package static func read(_ folder: String) throws -> (manifest: AdapterManifest, tensors: SafeTensors) {
    let path = "\(folder)/\(configFile)"
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch {
      throw AdapterError(
        .missingInput, "'\(path)' can't be opened: \(error.reason)", file: path, underlying: error)
    }
    let whole = Tensor(elementType: .uint8, shape: Shape([storage.byteCount]), storage: storage)
    let bytes = whole.array(of: UInt8.self) ?? []
    let manifest = try AdapterManifest(try JSONValue(parsing: bytes, file: path), file: path)
    return (manifest, try SafeTensors.read("\(folder)/\(tensorFile)"))
  }

  /// The config file's content.
  var json: JSONValue {
    var recipe = JSONObject()
    recipe["method"] = .string(method)
    var optionTexts = JSONObject()
    for entry in options.entries { optionTexts[entry.key] = .string(entry.value) }
    recipe["options"] = .object(optionTexts)
    recipe["seed"] = .integer(seed)
    recipe["classes"] = JSONValue(head["classes"].flatMap { Int($0) })
    for key in Self.headKeys { if let text = head[key] { recipe[key] = .string(text) } }
    if let placement {
      recipe["at"] = JSONValue(placement.values)
      if let grid = placement.grid { recipe["grid"] = JSONValue([grid.height, grid.width]) }
      if let prefix = placement.prefixTokens { recipe["prefix_tokens"] = .integer(prefix) }
      if let layout = placement.layout { recipe["layout"] = .string(layout.rawValue) }
    }
    var object = JSONObject()
    object["peft_type"] = .string(method.uppercased())
    object["target_modules"] = JSONValue(points)
    object["base_model_name_or_path"] = .string(baseModelName)
    object["base_model_sha256"] = .string(baseModelHash)
    object["recipe"] = .object(recipe)
    object["classes"] = classNames.map { JSONValue($0) } ?? .null
    object["preprocessing"] = preprocessing ?? .null
    var texts = JSONObject()
    for entry in metadata { texts[entry.key] = .string(entry.value) }
    object["metadata"] = .object(texts)
    return .object(object)
  }

  /// Keys of a head's recipe beside the number of classes.
  private static let headKeys = ["head", "argmax"]

  /// Reads the config file's content.
  init(_ json: JSONValue, file: String) throws(AdapterError) {
    func bad(_ key: String, _ expected: String) -> AdapterError {
      AdapterError(.badData, "'\(file)': \(key) is no \(expected)", file: file, field: key)
    }
    guard let recipe = json["recipe"] else { throw bad("recipe", "object") }
    guard let method = recipe["method"]?.string else { throw bad("recipe.method", "text") }
    guard let hash = json["base_model_sha256"]?.string else { throw bad("base_model_sha256", "text") }
    guard let seed = recipe["seed"]?.integer else { throw bad("recipe.seed", "whole number") }
    var options = AdapterOptions()
    for member in recipe["options"]?.object?.members ?? [] {
      guard let text = member.value.string else { throw bad("recipe.options.\(member.key)", "text") }
      options[member.key] = text
    }
    self.method = method
    self.options = options
    self.seed = seed
    head = [:]
    if let count = recipe["classes"]?.integer { head["classes"] = "\(count)" }
    for key in Self.headKeys { if let text = recipe[key]?.string { head[key] = text } }
    placement = nil
    if let values = recipe["at"]?.array {
      let names = values.compactMap(\.string)
      guard names.count == values.count else { throw bad("recipe.at", "list of texts") }
      let grid = recipe["grid"]?.array?.compactMap(\.integer) ?? []
      let layout = recipe["layout"]?.string.flatMap { StreamLayout(rawValue: $0) }
      placement = HandPlacement(
        names, grid: grid.count == 2 ? TokenGrid(height: grid[0], width: grid[1]) : nil,
        prefixTokens: recipe["prefix_tokens"]?.integer, layout: layout)
    }
    points = json["target_modules"]?.array?.compactMap(\.string) ?? []
    baseModelHash = hash
    baseModelName = json["base_model_name_or_path"]?.string ?? ""
    classNames = json["classes"]?.array?.compactMap(\.string)
    preprocessing = json["preprocessing"].flatMap { $0 == .null ? nil : $0 }
    metadata = try (json["metadata"]?.object?.members ?? []).map { member throws(AdapterError) in
      guard let text = member.value.string else { throw bad("metadata.\(member.key)", "text") }
      return MetadataEntry(key: member.key, value: text)
    }
  }
}
