import Adapters
import Analysis
import Datasets
import Graphs
import Kernels
import ONNXFormat
package import Operators
package import TensorFiles
import Tensors
import Training

/// The main job: inject, train, validate, measure, export.
package struct TrainingRun {
  /// What to do.
  package struct Request {
    /// The checkpoint.
    package var model: String
    /// Folder or CSV manifest of labelled images.
    package var data: String
    /// The run folder.
    package var output: String
    /// What is put into the model and which of its weights train.
    package var injection: Injection
    /// The recipe.
    package var configuration = TrainingConfiguration()
    /// What the command line says about preprocessing.
    package var overrides = PreprocessingOverrides()
    /// Side of the image input where the model leaves it open.
    package var imageSide: Int?
    /// Whether to go on from the folder's checkpoint.
    package var resumes = false
    /// Every option, as it is written to the run folder.
    package var options: JSONObject

    /// A request.
    package init(model: String, data: String, output: String, injection: Injection, options: JSONObject) {
      self.model = model
      self.data = data
      self.output = output
      self.injection = injection
      self.options = options
    }
  }

  private let request: Request
  private let context: ExecutionContext
  private let emit: (RunEvent) -> Void
  private let isInterrupted: () -> Bool
  private let folder: RunFolder

  /// A run that tells what it does.
  package init(
    _ request: Request, context: ExecutionContext, emit: @escaping (RunEvent) -> Void,
    isInterrupted: @escaping () -> Bool
  ) {
    self.request = request
    self.context = context
    self.emit = emit
    self.isInterrupted = isInterrupted
    folder = RunFolder(path: request.output)
  }

  /// Does the work.
  package func run() throws -> TrainingReport {
    let start = ContinuousClock.now
    let configuration = request.configuration
    let model = try ModelFile(request.model)
    for line in model.warnings { emit(.warning(line)) }
    let choice = try preprocessing(of: model)
    let parts = try parts()
    try folder.prepare(resumes: request.resumes)
    let adapted = try model.located {
      try request.injection.apply(
        to: model.description, classes: parts.train.classes.count, context: context)
    }
    describe(adapted, parts)

    let trainer = try model.located { try adapted.trainer(configuration, context: context) }
    emit(.detail("micro-batch: \(trainer.microBatch) images"))
    let material = TrainingLoop.Material(
      trainer: trainer, parts: parts, preprocessing: choice.preprocessing, configuration: configuration,
      threads: context.options.threads)
    let loop = try TrainingLoop(material, emit: emit, isInterrupted: isInterrupted)
    try begin(loop, trainer)
    let earlierSeconds = request.resumes ? try folder.secondsOfEpochs() : 0
    while loop.epochsDone < configuration.epochs {
      let record: EpochRecord
      do { record = try loop.runEpoch() } catch is RunInterrupted {
        emit(.note("interrupted; epoch \(loop.epochsDone) is saved, --resume goes on from there"))
        throw RunInterrupted()
      }
      try folder.append(record)
      try checkpoint(loop, trainer)
      emit(.epoch(record))
    }
    let export = TrainedExport(
      model: model, adapted: adapted, choice: choice, classes: parts.train.classes, seed: configuration.seed,
      placement: request.injection, folder: folder, context: context, emit: emit, isInterrupted: isInterrupted
    )
    return try export.finish(
      loop, trainer, test: parts.test, validation: parts.validation,
      seconds: { earlierSeconds + (ContinuousClock.now - start).inSeconds })
  }

  private func preprocessing(of model: ModelFile) throws -> PreprocessingChoice {
    let choice = try model.preprocessing(request.overrides, imageSide: request.imageSide)
    if choice.isAssumed {
      emit(
        .warning(
          "the model does not say how its images are normalised; assuming \(choice.source) "
            + "(--mean and --std say otherwise)"))
    }
    let fields = choice.preprocessing.fields.map { "\($0.name) \($0.text)" }
    emit(.detail("images: " + fields.joined(separator: ", ")))
    return choice
  }

  private func parts() throws -> TrainingParts {
    let images = try ModelFile.images(at: request.data)
    for name in images.ignored.prefix(3) { emit(.detail("ignored: \(name)")) }
    if !images.hasSplit {
      emit(.note("the data have no train and test folders: 20 % of each class are kept for the test"))
    }
    let parts = try TrainingParts(of: images, request.configuration, source: request.data)
    try parts.verifyReadable(threads: context.options.threads)
    return parts
  }

  private func describe(_ adapted: AdaptedModel, _ parts: TrainingParts) {
    emit(
      .note(
        "\(request.injection.method): \(adapted.modules) modules, \(adapted.trainableParameters) trainable parameters "
          + "and \(adapted.headParameters) in the head"))
    emit(
      .note(
        "images: \(parts.train.samples.count) train, \(parts.validation.samples.count) validation, "
          + "\(parts.test.samples.count) test; classes: \(parts.train.classes.joined(separator: ", "))"))
  }

  /// Takes up the checkpoint of a run that is resumed, or writes the options of a new one.
  private func begin(_ loop: TrainingLoop, _ trainer: Trainer) throws {
    guard request.resumes else { return try folder.write(request.options, to: folder.configuration) }
    let checkpoint = try Checkpoint(readingFrom: folder.checkpoint)
    let changed = checkpoint.configuration.members.first { member in
      !TrainingRun.freeOptions.contains(member.key) && request.options[member.key] != member.value
    }
    if let changed {
      throw TrainingError.checkpoint(
        path: folder.checkpoint,
        message: "the run was started with another value of '\(changed.key)'",
        hint: "give the option as it stands in config.json")
    }
    try trainer.restore(checkpoint, path: folder.checkpoint)
    loop.resume(epochsDone: checkpoint.epochsDone, best: checkpoint.best)
    try folder.truncateMetrics(toEpochs: checkpoint.epochsDone)
    emit(.note("going on after epoch \(checkpoint.epochsDone)"))
  }

  /// Options that may differ when a run goes on: they do not change what is computed.
  private static let freeOptions = ["epochs", "threads", "cpu", "output", "resume"]

  private func checkpoint(_ loop: TrainingLoop, _ trainer: Trainer) throws {
    let checkpoint = Checkpoint(
      stepCount: trainer.stepCount, epochsDone: loop.epochsDone, best: loop.best,
      configuration: request.options, variables: try trainer.checkpointVariables())
    try checkpoint.write(to: folder.checkpoint)
  }
}
