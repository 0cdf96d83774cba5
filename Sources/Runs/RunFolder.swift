import TensorFiles
import Tensors
import Training

/// The folder of one run and what stands in it.
struct RunFolder {
  /// The folder.
  let path: String

  /// The adapted model.
  var model: String { path + "/model.onnx" }
  /// The adapter alone.
  var adapter: String { path + "/adapter" }
  /// Figures per epoch, a JSON object per line.
  var metrics: String { path + "/metrics.jsonl" }
  /// What `--resume` goes on from.
  var checkpoint: String { path + "/checkpoint.safetensors" }
  /// Every option of the run.
  var configuration: String { path + "/config.json" }
  /// What the run came to.
  var summary: String { path + "/summary.json" }

  /// Paths within the folder of everything that a run writes.
  static let fileNames = [
    "model.onnx", "metrics.jsonl", "checkpoint.safetensors", "config.json", "summary.json", "split.csv",
    "images.sha256",
    "adapter/adapter_config.json", "adapter/adapter_model.safetensors",
  ]

  /// Creates the folder and takes the right to write into it.
  ///
  /// - Throws: where another process works in it.
  func lock(_ emit: (RunEvent) -> Void) throws -> FolderLock? {
    try Folder.create(path)
    let lock = try FolderLock.take(in: path)
    if lock == nil {
      emit(.note("'\(path)' cannot be locked here; nothing keeps a second run out of it"))
    }
    return lock
  }

  /// Makes the folder, whose lock must be held, ready for a run.
  ///
  /// Another run is not overwritten. A folder without checkpoint and model is one where nothing was finished: a run starts in it, and what an earlier one left
  /// is replaced.
  ///
  /// - Parameter resumes: whether the run is to go on from the folder's checkpoint.
  /// - Returns: whether there is a checkpoint to go on from.
  func prepare(resumes: Bool, _ emit: (RunEvent) -> Void) throws -> Bool {
    for folder in [path, adapter] { PendingFile.removeLeftovers(in: folder) }
    if Folder.exists(checkpoint) {
      guard resumes else {
        throw FileError(
          .usage, "'\(path)' holds another run", file: checkpoint,
          hint: "choose another folder with -o, or go on with --resume")
      }
      return true
    }
    guard !Folder.exists(model) else {
      throw FileError(
        resumes ? .missingInput : .usage, "'\(path)' holds a model, and no checkpoint to go on from",
        file: model, hint: "choose another folder with -o")
    }
    for file in [configuration, summary] where Folder.exists(file) && !isOfRun(file) {
      throw FileError(
        .usage, "'\(file)' was not written by a run and would be overwritten", file: file,
        hint: "choose another folder with -o")
    }
    try Folder.removeFile(metrics)
    if resumes { emit(.note("no epoch was finished in '\(path)': the run starts from the beginning")) }
    return false
  }

  /// Whether a JSON file is one that a run writes: whatever else has this name is somebody else's.
  private func isOfRun(_ file: String) -> Bool {
    guard let bytes = try? Tensor(mapping: file).elements(of: UInt8.self),
      let object = try? JSONValue(parsing: bytes, file: file).object
    else { return false }
    return object["provenance"] != nil || object["data_sha256"] != nil
  }

  /// Keeps the metrics of the first epochs and drops what an interrupted run left behind them.
  func truncateMetrics(toEpochs count: Int) throws {
    guard Folder.exists(metrics) else { return }
    let lines = try metricsLines().prefix(count)
    try AtomicWrite.file(at: metrics, bytes: lines.flatMap { $0 + [UInt8(ascii: "\n")] })
  }

  /// Seconds that the epochs with metrics took together.
  ///
  /// A line that does not tell its seconds counts as 0: a run goes on without its metrics.
  func secondsOfEpochs() throws -> Double {
    guard Folder.exists(metrics) else { return 0 }
    return try metricsLines().reduce(0) { sum, line in
      let object = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)).object
      return sum + (object?["seconds"]?.number ?? 0)
    }
  }

  private func metricsLines() throws -> [ArraySlice<UInt8>] {
    try Tensor(mapping: metrics).elements(of: UInt8.self).split(separator: UInt8(ascii: "\n"))
  }

  /// Adds the line of an epoch.
  func append(_ record: EpochRecord) throws {
    var object: JSONObject = [
      "epoch": .integer(record.epoch), "loss": .number(record.loss),
    ]
    for (name, value) in record.figures { object[name] = .number(value) }
    object["seconds"] = .number(record.seconds)
    object["images_per_second"] = .number(record.imagesPerSecond)
    if let validation = record.presentedValidation { object["validation"] = .object(validation.json) }
    try AppendedFile.append(JSONValue.object(object).text(indented: false) + "\n", to: metrics)
  }

  /// Writes a JSON file.
  func write(_ object: JSONObject, to file: String) throws {
    try AtomicWrite.file(at: file, bytes: Array((JSONValue.object(object).text(indented: true) + "\n").utf8))
  }
}
