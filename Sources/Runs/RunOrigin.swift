import Adapters
import Datasets
import TensorFiles
import Training

/// What a run was made from: base model, images, their preparation, and the method with all of its options.
///
/// It stands in the checkpoint, so that a run goes on with the same, and for people in `config.json` and `summary.json`.
struct RunOrigin {
  /// The base model.
  let model: ModelIdentity
  /// The images.
  let data: DataFingerprint
  /// The images as a checkpoint keeps them.
  let dataBytes: [UInt8]
  /// What a checkpoint keeps besides the images.
  let fixed: JSONObject
  private let request: TrainingRun.Request

  init(
    _ request: TrainingRun.Request, _ model: ModelIdentity, _ adapted: AdaptedModel,
    _ preprocessing: Preprocessing, microBatch: Int, data: DataFingerprint
  ) {
    (self.request, self.model, self.data) = (request, model, data)
    dataBytes = data.lines
    var recipe = JSONObject()
    for entry in adapted.recipe { recipe[entry.key] = .string(entry.value) }
    var fixed = model.json
    fixed["preprocessing"] = .object(ModelMetadata.json(preprocessing))
    fixed["recipe"] = .object(recipe)
    fixed["micro_batch"] = .integer(microBatch)
    self.fixed = fixed
  }

  /// The object of the run folder's files.
  var json: JSONObject {
    var object: JSONObject = [
      "version": .string(request.version), "model": .string(Destination.absolute(request.model)),
      "data": .string(Destination.absolute(request.data)), "images": .object(data.counts),
      "data_sha256": .string(data.digest),
    ]
    for member in fixed.members { object[member.key] = member.value }
    return object
  }

  /// Refuses to go on from a checkpoint that other images or other options made.
  func requireSame(as checkpoint: Checkpoint, path: String) throws {
    func refuse(_ message: String, _ hint: String) -> TrainingError {
      .checkpoint(path: path, message: message, hint: hint)
    }
    let other = "give what the run began with, or start a new run in another folder"
    try requireSameOptions(as: checkpoint, refuse)
    for key in ["preprocessing", "recipe"] {
      let (before, now) = (checkpoint.origin[key]?.object ?? [:], fixed[key]?.object ?? [:])
      let keys = before.members.map(\.key) + now.members.map(\.key)
      guard let changed = keys.first(where: { before[$0] != now[$0] }) else { continue }
      func text(_ object: JSONObject) -> String { object[changed]?.argumentText ?? "none" }
      throw refuse("the run has \(changed) \(text(before)), found \(text(now))", other)
    }
    guard let earlier = DataFingerprint(lines: checkpoint.dataList) else {
      throw refuse("checkpoint has no valid list of images", "start a new run in another folder")
    }
    if let difference = data.difference(from: earlier) {
      throw refuse("the images are not those that the run began with: \(difference)", other)
    }
  }

  /// Refuses options with another value than the run has.
  private func requireSameOptions(
    as checkpoint: Checkpoint, _ refuse: (_ message: String, _ hint: String) -> TrainingError
  ) throws {
    let (before, now) = (checkpoint.configuration, request.options)
    let keys = before.members.map(\.key) + now.members.map(\.key).filter { before[$0] == nil }
    for key in keys where before[key] != now[key] && !RunOrigin.freeOptions.contains(key) {
      // Where the text differs, what comes of it decides: an option may be given with its default.
      if RunOrigin.options(of: "recipe").contains(key), checkpoint.origin["recipe"] == fixed["recipe"] {
        continue
      }
      if RunOrigin.options(of: "preprocessing").contains(key),
        checkpoint.origin["preprocessing"] == fixed["preprocessing"]
      {
        continue
      }
      if key == "micro_batch", checkpoint.origin[key] == fixed[key] { continue }
      if key == "epochs", request.configuration.schedule == .constant { continue }
      let option = "--" + key.map { $0 == "_" ? "-" : String($0) }.joined()
      let found =
        before[key]?.argumentText.map { "the run has \(option) \($0)" } ?? "the run has no \(option)"
      let given = now[key]?.argumentText.map { ", given is \($0)" } ?? ", which is not given"
      let reason = key == "epochs" ? "; the learning rates of --schedule depend on it" : ""
      throw refuse(found + given + reason, "leave \(option) out to go on as the run began")
    }
  }

  /// Options that may differ when a run goes on: they do not change what is computed, or are compared by content.
  private static let freeOptions = ["model", "data", "output", "threads", "cpu"]

  /// Options whose effect the origin states.
  private static func options(of key: String) -> [String] {
    key == "recipe"
      ? ["dim", "kernels", "placement", "blocks", "init", "bias", "inner_gelu", "dropout"]
      : ["image_size", "resize", "crop", "interpolation", "mean", "std"]
  }
}
