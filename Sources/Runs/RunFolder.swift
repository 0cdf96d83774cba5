import TensorFiles
import Tensors

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

  /// Creates the folder; refuses to overwrite another run.
  ///
  /// - Parameter resumes: whether the run goes on from the folder's checkpoint, which must be there then.
  func prepare(resumes: Bool) throws {
    if resumes {
      guard Folder.exists(checkpoint) else {
        throw FileError(
          .missingInput, "'\(path)' has no checkpoint to resume from", file: checkpoint,
          hint: "leave --resume out to start a new run")
      }
      return
    }
    for file in [checkpoint, model, metrics] where Folder.exists(file) {
      throw FileError(
        .usage, "'\(path)' holds another run", file: file,
        hint: "choose another folder with -o, or go on with --resume")
    }
    try Folder.create(path)
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
      "epoch": .integer(record.epoch), "loss": .number(record.loss), "accuracy": .number(record.accuracy),
      "seconds": .number(record.seconds), "images_per_second": .number(record.imagesPerSecond),
    ]
    if let validation = record.validation { object["validation"] = .object(validation.json) }
    try AppendedFile.append(JSONValue.object(object).text(indented: false) + "\n", to: metrics)
  }

  /// Writes a JSON file.
  func write(_ object: JSONObject, to file: String) throws {
    try AtomicWrite.file(at: file, bytes: Array((JSONValue.object(object).text(indented: true) + "\n").utf8))
  }
}
