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
    _ request: TrainingRun.Request, count: Int, start: (TrainingRun.Request) throws -> TrainingReport
  ) throws -> FoldedTraining {
    var reports: [TrainingReport] = []
    for fold in 0..<count {
      var part = request
      part.output = "\(request.output)/fold-\(fold)"
      part.configuration.fold = fold
      part.options["fold"] = .integer(fold)
      part.resumes = request.resumes && Folder.exists(RunFolder(path: part.output).checkpoint)
      reports.append(try start(part))
    }
    let result = FoldedTraining(reports: reports)
    try RunFolder(path: request.output).write(result.json, to: "\(request.output)/summary.json")
    return result
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
