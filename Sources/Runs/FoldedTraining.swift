package import TensorFiles
package import Training

/// The same training several times: on independent subsamples of the train part, or once per fold of a cross-validation
/// (METHOD, section 3, «folds»).
package struct FoldedTraining: Sendable {
  /// Reports in the order of the folds.
  package let reports: [TrainingReport]
  /// Whether every image was tested once, so that counts of the folds add up.
  package let isCrossValidation: Bool

  /// Runs folds 0 ..< count, each in `fold-<k>` of the request's folder.
  ///
  /// Where the request has folds of a cross-validation, these are run. A resumed run takes up the folds that have a
  /// checkpoint and starts the others.
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
        part.openOptions.removeAll { $0 == "fold" }
        part.options["folds"] = .integer(1)
        reports.append(try start(part))
      }
      try folder.write(request.recordedOptions, to: folder.configuration)
      let result = FoldedTraining(
        reports: reports, isCrossValidation: request.configuration.crossValidationFolds != nil)
      var summary = result.json
      summary["folds"] = .array(reports.map { .object($0.summary) })
      summary["options"] = .object(request.recordedOptions)
      summary["version"] = .string(request.version)
      try folder.write(summary, to: folder.summary)
      return result
    }
  }

  /// What each fold came to: figures of its test images, else of its validation images.
  private var measured: [any PresentedMetrics] { reports.compactMap { $0.test ?? $0.validation } }

  /// Every figure that people read, over the folds that have it.
  package var figures: [(name: String, figure: FoldFigure)] {
    let presentations = measured.map(\.presentation.figures)
    return (presentations.first ?? []).compactMap { entry in
      let same = presentations.compactMap { figures in figures.first { $0.name == entry.name }?.figure }
      return FoldFigure(same).map { (entry.name, $0) }
    }
  }

  /// Counts over the images of all folds; nil where folds test the same images, or the task has none.
  package var pooled: PooledFigures? {
    guard isCrossValidation, let first = measured.first else { return nil }
    return first.pooled(with: Array(measured.dropFirst()))
  }

  /// One object with the folds' own in it.
  package var json: JSONObject {
    var object: JSONObject = ["folds": .array(reports.map { .object($0.json) })]
    let objects = measured.map(\.json)
    for member in objects.first?.members ?? [] where member.key != "images" {
      let values = objects.compactMap { $0[member.key]?.number }
      guard !values.isEmpty else { continue }
      let spread = FoldFigure.spread(of: values)
      object[member.key + "_mean"] = .number(spread.mean)
      object[member.key + "_std"] = .number(spread.deviation)
    }
    if let pooled { object["pooled"] = .object(pooled.json) }
    return object
  }
}

/// Mean and sample standard deviation of a figure over folds.
package struct FoldFigure: Sendable, Equatable {
  /// The mean.
  package let mean: Double
  /// The sample standard deviation; 0 for a single fold.
  package let deviation: Double
  /// How many folds have the figure.
  package let folds: Int
  /// Whether it is a share from 0 to 1.
  package let isShare: Bool

  /// The figure of several folds; nil where none has a number.
  init?(_ figures: [MetricsPresentation.Figure]) {
    var values: [Double] = []
    var isShare = false
    for figure in figures {
      switch figure {
      case .share(let share):
        values.append(share)
        isShare = true
      case .number(let number, _): values.append(number)
      case .count, .text: continue
      }
    }
    guard !values.isEmpty else { return nil }
    (mean, deviation) = FoldFigure.spread(of: values)
    (folds, self.isShare) = (values.count, isShare)
  }

  /// Mean and sample standard deviation of at least one number.
  static func spread(of values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, values.count < 2 ? 0 : (squares / Double(values.count - 1)).squareRoot())
  }
}
