import Adapters
import Graphs
import ONNXFormat
package import Operators
package import TensorFiles
import Tensors

/// Puts a trained adapter, as a run folder has it in `adapter/`, into the network that it was trained on.
package struct AdapterApplication: Sendable {
  /// The object that CLI.md calls `apply`.
  package let json: JSONObject
  /// The same for people.
  package let lines: [String]
  /// What the user should know.
  package private(set) var warnings: [String] = []

  /// Reads both, and writes the adapted model.
  ///
  /// - Parameters:
  ///   - path: the network's file.
  ///   - folder: the adapter's folder.
  ///   - imageSide: what the user says, for files that leave the image size open.
  ///   - isForced: whether another network may be taken, and a file that is there already be overwritten.
  /// - Throws: where the network is not the one that the adapter was trained on, or does not take its tensors.
  package init(
    _ path: String, adapter folder: String, to output: String, imageSide: Int? = nil, isForced: Bool,
    context: ExecutionContext
  ) throws {
    let file = try ModelFile(path)
    let model = try file.located { try file.bound(imageSide: imageSide) }
    let (manifest, tensors) = try AdapterManifest.read(folder)
    try Destination.checkFile(
      output,
      inputs: model.readFiles
        + [AdapterManifest.configFile, AdapterManifest.tensorFile].map { folder + "/" + $0 },
      isForced: isForced)
    let digest = try ModelIdentity(model).digest
    if digest != manifest.baseModelHash {
      let message =
        "'\(path)' is not the model that the adapter was trained on ('\(manifest.baseModelName)'): its SHA-256 differs"
      guard isForced else {
        throw AdapterError(
          .badData, message, file: path, hint: "give that model, or take this one with --force")
      }
      warnings.append(message)
    }
    PendingFile.removeLeftovers(of: output)
    var injection = Injection()
    injection.method = manifest.method
    injection.options = manifest.options
    injection.placement = manifest.placement
    injection.seed = manifest.seed
    let adapted = try model.located {
      try injection.apply(
        to: model.description, head: try HeadRegistry.head(of: manifest.head), context: context)
    }
    let names = Set(tensors.entries.map(\.name))
    if let missing = adapted.parameters.first(where: { !names.contains($0.name) }) {
      throw AdapterError(
        .badData,
        "'\(folder)/\(AdapterManifest.tensorFile)' has no tensor '\(missing.name)', which this model's adapter has",
        file: folder, tensor: missing.name)
    }
    let trained = try adapted.replacing(tensors.entries.map { (name: $0.name, tensor: $0.tensor) })
    var description = trained.model.declaringInputs(as: model.declared)
    let written = Set(manifest.metadata.map(\.key))
    description.metadata = description.metadata.filter { !written.contains($0.key) } + manifest.metadata
    try Folder.create(containing: output)
    try ONNXFile.write(description, to: output)
    let bytes = try MemoryMap.file(at: output).byteCount
    json = [
      "output": .string(output), "opset": JSONValue(description.version(of: "").map { Int($0) }),
      "bytes": .integer(bytes), "method": .string(manifest.method), "modules": .integer(adapted.modules),
      "trainable_parameters": .integer(adapted.trainableParameters), "base_matches": .bool(warnings.isEmpty),
    ]
    lines = [
      "\(manifest.method): \(counted(adapted.modules, "module")), \(adapted.trainableParameters) parameters below the head "
        + "and \(adapted.headParameters) in it",
      "written to \(output)",
    ]
  }
}
