package import TensorFiles
import Training

/// The same training on several independent subsamples of the train part: METHOD, section 3, «folds».
package struct FoldedTraining: Sendable {
  /// Reports in the order of the folds.
  package let reports: [TrainingReport]

  /// Runs folds 0 ..< count, each in `fold-<k>` of the request's folder.
  ///
  /// A resumed run takes up the folds that have a checkpoint and starts the others.
  package static func run(
    _ request: TrainingRun.Request, count: Int, emit: (RunEvent) -> Void,
    start: (TrainingRun.Request) throws -> TrainingReport
  ) throws -> FoldedTraining {
    let folder = RunFolder(path: request.output)
    try Destination.checkFolder(request.output, source: request.data)
    let lock = try folder.lock(emit)
    return try withExtendedLifetime(lock) {
      PendingFile.removeLeftovers(in: folder.path)
      // Options that do not fit what the first fold has finished must not replace those of the run.
      if !Folder.exists(RunFolder(path: "\(request.output)/fold-0").checkpoint) {
        try folder.write(request.recordedOptions, to: folder.configuration)
      }
      var reports: [TrainingReport] = []
      for fold in 0..<count {
        var part = request
        part.output = "\(request.output)/fold-\(fold)"
        part.configuration.fold = fold
        // The fold's own folder is one plain run.
        part.options["fold"] = .integer(fold)
        part.options["folds"] = .integer(1)
        reports.append(try start(part))
      }
      try folder.write(request.recordedOptions, to: folder.configuration)
      let result = FoldedTraining(reports: reports)
      var summary = result.json
      summary["folds"] = .array(reports.map { .object($0.summary) })
      summary["options"] = .object(request.recordedOptions)
      summary["version"] = .string(request.version)
      try folder.write(summary, to: folder.summary)
      return result
    }
  }

  /// Test accuracy: mean and sample standard deviation over the folds that have test images.
  package var accuracy: (mean: Double, deviation: Double)? {
    let values = reports.compactMap { $0.test?.accuracy }
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, values.count < 2 ? 0 : (squares / Double(values.count - 1)).squareRoot())
  }

  /// One object with the folds' own in it.
  package var json: JSONObject {
    [
      "folds": .array(reports.map { .object($0.json) }), "accuracy_mean": JSONValue(accuracy?.mean),
      "accuracy_std": JSONValue(accuracy?.deviation),
    ]
  }
}
