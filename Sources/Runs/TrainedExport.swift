import Adapters
import Datasets
import Execution
import Graphs
import ONNXFormat
import Operators
import TensorFiles
import Tensors
import Training

/// Writes what a run has trained, and measures the file that was written.
struct TrainedExport {
  let model: ModelFile
  let adapted: AdaptedModel
  let choice: PreprocessingChoice
  let learned: LabelledImages
  let learnt: LearntImages
  let record: RunRecord
  let request: TrainingRun.Request
  let folder: RunFolder
  let context: ExecutionContext
  let emit: (RunEvent) -> Void
  let isInterrupted: () -> Bool
  /// What opens the batch of a file that was exported for one image; nil where it stays as it is.
  var openBatch: OpenBatch?

  /// Exports the best parameters on the validation images, or the last ones, and reports.
  func finish(
    _ loop: TrainingLoop, _ trainer: Trainer, test: LabelledImages, validation: LabelledImages,
    seconds: () -> Double
  ) throws -> TrainingReport {
    let last = try trainer.parameters()
    var lastTest: (any PresentedMetrics)?
    let exported = loop.best?.parameters ?? last
    if let best = loop.best, best.epoch != loop.epochsDone, !test.samples.isEmpty {
      try write(last)
      lastTest = try measure(test, title: "testing the last epoch")
    }
    try write(exported)
    let testMetrics = test.samples.isEmpty ? nil : try measure(test, title: "testing")
    let validationMetrics = validation.samples.isEmpty ? nil : try measure(validation, title: "validating")
    for parameter in exported { try trainer.variables.set(parameter.name, to: parameter.value) }
    let report = TrainingReport(
      run: folder.path, model: folder.model, adapter: adapted.method.trainsBackbone ? nil : folder.adapter,
      epochs: loop.epochsDone,
      bestEpoch: loop.best?.epoch, test: testMetrics, validation: validationMetrics,
      lastTest: lastTest ?? testMetrics, trainableParameters: adapted.trainableParameters,
      learningRates: trainer.learningRates,
      exportDifference: try RunInterrupted.translating {
        try difference(trainer, on: test.samples.isEmpty ? validation : test)
      },
      seconds: seconds(), seed: request.configuration.seed, record: record.summary)
    try folder.write(report.summary, to: folder.summary)
    return report
  }

  private func write(_ parameters: [(name: String, value: Tensor)]) throws {
    let trained = try adapted.replacing(parameters.map { (name: $0.name, tensor: $0.value) })
    var description = trained.model.declaringInputs(as: model.declared)
    if let openBatch { description = try openBatch.applied(to: description) }
    ModelMetadata.describe(
      &description, request.task, learned, from: learnt, choice.preprocessing, recipe: adapted.recipe)
    try ONNXFile.write(description, to: folder.model)
    // For full fine-tuning the «adapter» is the whole network, which model.onnx holds already.
    guard !adapted.method.trainsBackbone else { return }
    let manifest = AdapterManifest(
      adapted, seed: request.injection.seed,
      head: Dictionary(
        adapted.headRecipe.map { ($0.key, $0.value) }
      ) { $1 },
      placement: request.injection.placement,
      baseModelHash: record.origin.model.digest,
      baseModelName: model.path.split(separator: "/").last.map(String.init) ?? model.path,
      classNames: request.task.classNames(of: learned),
      preprocessing: .object(ModelMetadata.json(choice.preprocessing)), metadata: description.metadata)
    try manifest.write(to: folder.adapter, tensors: parameters.map { (name: $0.name, tensor: $0.value) })
  }

  /// Figures of the file as a user would get them: opened anew, with what its metadata say.
  private func measure(_ images: LabelledImages, title: String) throws -> any PresentedMetrics {
    let written = try ModelFile(folder.model).bound(for: model)
    let found = try written.preprocessing(
      PreprocessingOverrides(), imageSide: choice.preprocessing.outputWidth)
    let answer = try request.task.answer(of: written, context: context)
    let imageModel = try written.imageModel(answer, found.preprocessing)
    emit(.begin(title: title, total: images.samples.count))
    defer { emit(.end) }
    return try imageModel.metrics(
      of: images, answer.measurement(of: images), in: request.task.tiles,
      report: { emit(.advance(done: $0, figures: [])) },
      isInterrupted: isInterrupted)
  }

  /// Largest difference between what the written file and the trainer deliver, relative to the largest number.
  ///
  /// - Throws: `RunInterrupted` where the user asked to stop.
  private func difference(_ trainer: Trainer, on images: LabelledImages) throws -> Double {
    let samples = Array(images.samples.prefix(8))
    guard !samples.isEmpty else { return 0 }
    let written = try ModelFile(folder.model).bound(for: model)
    let imageModel = try written.imageModel(
      try request.task.answer(of: written, context: context), choice.preprocessing)
    var difference = OutputDifference()
    var options = BatchLoader.Options()
    options.batchSize = samples.count
    options.isShuffled = false
    let loader = BatchLoader(samples, preprocessing: choice.preprocessing, options: options)
    loader.start(epoch: 0)
    while let batch = try loader.next(isInterrupted: isInterrupted) {
      let written = try imageModel.output(of: batch.images, isInterrupted: isInterrupted).doubles ?? []
      let features = try trainer.features(of: batch.images, isInterrupted: isInterrupted)
      let trained = try trainer.output(features, isInterrupted: isInterrupted).doubles ?? []
      difference.add(written, reference: trained, images: batch.samples.count)
    }
    return difference.relative
  }
}
