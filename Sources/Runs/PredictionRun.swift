import Datasets
import Kernels
package import Operators

/// What a model answers to image files.
package enum PredictionRun {
  /// The answers, in the order of the files.
  ///
  /// - Throws: one error that names every unreadable image, before any is run.
  package static func run(
    _ file: ModelFile, images paths: [String], _ overrides: PreprocessingOverrides, imageSide: Int?,
    context: ExecutionContext, emit: (RunEvent) -> Void, isInterrupted: () -> Bool
  ) throws -> [any PresentedPrediction] {
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
    let answer = try TaskRegistry.task(of: model).answer(of: model, context: context)
    let imageModel = try model.imageModel(answer, choice.preprocessing)
    var predictions: [any PresentedPrediction] = []
    try imageModel.run(samples, isInterrupted: isInterrupted) { batch, output in
      predictions += try answer.predictions(output, of: batch.samples, by: model)
    }
    return predictions
  }
}
