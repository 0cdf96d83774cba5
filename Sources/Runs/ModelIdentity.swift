import Graphs
import TensorFiles
import Tensors
import Training

/// Which file a base model is, by content.
struct ModelIdentity {
  /// The file, as the user named it.
  let path: String
  /// SHA-256 of the file.
  let digest: String
  /// SHA-256 of its external data files, in the order of first use.
  private let externalDigests: [String]

  /// Reads the model's files.
  init(_ model: ModelFile) throws {
    path = model.path
    digest = try SHA256.hexadecimal(ofFile: model.path)
    externalDigests = try model.externalFiles.map { try SHA256.hexadecimal(ofFile: $0) }
  }

  /// What a checkpoint keeps of it.
  var json: JSONObject {
    var object: JSONObject = ["model_sha256": .string(digest)]
    if !externalDigests.isEmpty { object["external_sha256"] = JSONValue(externalDigests) }
    return object
  }

  /// Refuses to go on from a checkpoint that another model made.
  func requireSame(as checkpoint: Checkpoint, path file: String) throws {
    for key in ["model_sha256", "external_sha256"] where checkpoint.origin[key] != json[key] {
      throw TrainingError.checkpoint(
        path: file, message: "'\(path)' is not the model that the run began with: its SHA-256 differs",
        hint: "give what the run began with, or start a new run in another folder")
    }
  }
}

extension ModelFile {
  /// Paths of everything that is read for the model: the file, its external data, files beside it that describe it.
  package var readFiles: [String] { [path] + externalFiles + SideFile.present(besideModel: path) }

  /// Paths of the external data files of the initializers, in the order of first use.
  var externalFiles: [String] {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var paths: [String] = []
    for initializer in description.graph.initializers {
      guard let name = initializer.external?.path, !paths.contains(folder + name) else { continue }
      paths.append(folder + name)
    }
    return paths
  }
}
