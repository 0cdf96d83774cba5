import Datasets
import Kernels
package import Operators
import Tensors
import Training

/// The class that a model gives an image.
public struct Prediction: Sendable {
  /// The image file.
  public let image: String
  /// Name of the most probable class.
  public let className: String
  /// Its index.
  public let index: Int
  /// Probability per class.
  public let probabilities: [Double]

  /// Predictions for image files, in their order.
  ///
  /// - Throws: one error that names every unreadable image, before any is run.
  package static func run(
    _ file: ModelFile, images paths: [String], _ overrides: PreprocessingOverrides, imageSide: Int?,
    context: ExecutionContext, emit: (RunEvent) -> Void, isInterrupted: () -> Bool
  ) throws -> [Prediction] {
    let model = try file.located { try file.bound(imageSide: imageSide) }
    for line in model.warnings { emit(.warning(line)) }
    if let bound = model.bound { emit(.note(bound.note)) }
    let choice = try model.preprocessing(overrides, imageSide: imageSide)
    for warning in choice.warnings { emit(.warning(warning)) }
    if !choice.isAssumed { emit(.note("preprocessing from \(choice.source)")) }
    let samples = paths.enumerated().map { Sample(path: $1, label: 0, split: nil, index: $0) }
    let images = LabelledImages(classes: [""], samples: samples)
    let notes = try images.verifyReadable(threads: context.options.threads, isInterrupted: isInterrupted)
    for note in notes { emit(RunEvent(note)) }
    let scores = try ClassScores(of: model, context: context)
    let classifier = try model.imageModel(scores, choice.preprocessing, context: context)
    let names = ClassNames.all(of: model, count: scores.classCount)
    var rows: [[Double]] = []
    try classifier.run(samples, isInterrupted: isInterrupted) { _, output in
      rows += try scores.probabilities(ofScores: output.elements(of: Float.self))
    }
    return zip(paths, rows).map { path, row in
      let index = ClassificationMetrics.largest(row)
      return Prediction(image: path, className: names[index], index: index, probabilities: row)
    }
  }
}
