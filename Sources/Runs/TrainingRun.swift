import Adapters
import Analysis
import Backbones
import Datasets
import Graphs
import Kernels
import ONNXFormat
package import Operators
import Rewriting
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
    /// What is learned.
    package var task: any Task = ClassificationTask()
    /// What is put into the model and which of its weights train.
    package var injection: Injection
    /// The recipe.
    package var configuration = TrainingConfiguration()
    /// Whether a file that was exported for a fixed number of images is written for as many.
    package var keepsBatch = false
    /// Whether the head starts anew where the model has one for the same classes.
    package var startsHeadAnew = false
    /// What the command line says about preprocessing.
    package var overrides = PreprocessingOverrides()
    /// Side of the image input where the model leaves it open.
    package var imageSide: Int?
    /// Whether to go on from the folder's checkpoint, where it has one.
    package var resumes = false
    /// Every option that has a value, given or by default, as it is written to the run folder.
    package var options: JSONObject
    /// Keys of the options that were left to the program.
    package var openOptions: [String] = []
    /// Version of the program, as it is written to the run folder.
    package var version = ""

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
    let file = try ModelFile(request.model)
    let model = try file.located { try file.bound(imageSide: request.imageSide) }
    try Destination.checkFolder(request.output, source: request.data)
    // What an earlier run left is told from other files once the folder is locked.
    try Destination.checkFiles(
      RunFolder.fileNames, in: request.output, inputs: model.readFiles + [request.data], isForced: true)
    for line in model.warnings { emit(.warning(line)) }
    if let bound = model.bound { emit(.note(bound.note)) }
    var choice = try preprocessing(of: model)
    let layout = try model.located {
      let layout = try request.injection.layout(of: model.description, context: context)
      try request.task.requireOneHead(in: layout, startsAnew: request.startsHeadAnew)
      return layout
    }
    let reading = choice.preprocessing.reading ?? ImageReading()
    let images = try images(reading)
    // What the files themselves say is part of how images are prepared, and of what the model says of it.
    choice.preprocessing.reading = images.hasIntensities ? reading : nil
    let parts = try TrainingParts(of: images, request.task, request.configuration, source: request.data)
    let lock = try folder.lock(emit)
    return try withExtendedLifetime(lock) {
      do { return try run(model, layout, choice, parts, start: start) } catch is RunInterrupted {
        let isStarted = Folder.exists(folder.checkpoint)
        emit(
          .note(
            isStarted
              ? "interrupted; what was finished is saved, --resume goes on from there"
              : "interrupted before an epoch was finished"))
        throw RunInterrupted()
      }
    }
  }

  /// The work in the folder, which is locked.
  private func run(
    _ model: ModelFile, _ layout: BackboneLayout, _ choice: PreprocessingChoice, _ parts: TrainingParts,
    start: ContinuousClock.Instant
  ) throws -> TrainingReport {
    let isResumed = try folder.prepare(resumes: request.resumes, emit)
    let checkpoint = isResumed ? try Checkpoint(readingFrom: folder.checkpoint) : nil
    let identity = try ModelIdentity(model)
    try checkpoint.map { try identity.requireSame(as: $0, path: folder.checkpoint) }
    let examined = try parts.examined(
      threads: context.options.threads, emit: emit, isInterrupted: isInterrupted)
    let remarks = request.task.remarks(onTraining: parts.train, request.configuration)
    for note in parts.notes + examined.notes + remarks { emit(RunEvent(note)) }
    let keepsHead = keepsHead(of: model, layout, for: parts.train)
    let adapted = try model.located {
      try request.injection.apply(
        to: model.description, head: keepsHead ? nil : request.task.head(for: parts.train), context: context)
    }
    if let installed = try request.injection.installed(in: model.description) {
      emit(.note("the model has \(counted(installed.modules, "adapter module")), which are trained further"))
    }
    if keepsHead {
      emit(
        .note(
          "the model tells these classes already: its head is trained further (--new-head starts it anew)"))
    }
    describe(adapted, parts)
    let trainer = try model.located {
      try adapted.trainer(request.configuration, request.task, context: context)
    }
    emit(.detail("micro-batch: \(trainer.microBatch) images"))
    let origin = RunOrigin(
      request, identity, adapted, choice.preprocessing, microBatch: trainer.microBatch,
      data: try fingerprint(of: parts.all, known: examined.hashes))
    try checkpoint.map { try origin.requireSame(as: $0, path: folder.checkpoint) }
    let record = RunRecord(request, origin, adapted, choice, parts, trainer, context)
    try folder.write(record.configuration(isRateOpen: true), to: folder.configuration)
    try RunSplit.write(parts.all, origin.data, into: folder.path)

    let material = TrainingLoop.Material(
      task: request.task, trainer: trainer, parts: parts, preprocessing: choice.preprocessing,
      configuration: request.configuration, threads: context.options.threads)
    let loop = try TrainingLoop(material, emit: emit, isInterrupted: isInterrupted)
    if let checkpoint {
      try takeUp(checkpoint, loop, trainer)
    } else {
      _ = try loop.chooseHeadRate(for: adapted, context: context)
    }
    try folder.write(record.configuration(isRateOpen: false), to: folder.configuration)
    if let outlook = try loop.outlook() { emit(.note(outlook)) }
    let earlierSeconds = try folder.secondsOfEpochs()
    try train(loop, trainer, origin)
    var measured = choice
    measured.preprocessing = request.task.measuring(choice.preprocessing)
    var export = TrainedExport(
      model: model, adapted: adapted, choice: measured, learned: parts.train,
      learnt: LearntImages(parts, hashes: examined.hashes), record: record,
      request: request, folder: folder, context: context, emit: emit, isInterrupted: isInterrupted)
    export.openBatch = openBatch(of: adapted)
    return try export.finish(
      loop, trainer, test: parts.test, validation: parts.validation,
      seconds: { earlierSeconds + (ContinuousClock.now - start).inSeconds })
  }

  /// What opens the batch of the file, which is said.
  private func openBatch(of adapted: AdaptedModel) -> OpenBatch? {
    guard !request.keepsBatch else { return nil }
    do {
      guard let opening = try OpenBatch(adapted.model, context: context) else { return nil }
      emit(
        .note(
          "the model was exported for one image: model.onnx takes any number (\(counted(opening.changes.count, "node")) changed; "
            + "--keep-batch leaves it)"))
      for change in opening.changes { emit(.detail("open batch: \(change)")) }
      return opening
    } catch {
      let reason = (error as? FixedBatch)?.reason ?? (error as? any ReportableError)?.message ?? "\(error)"
      emit(.note("model.onnx takes one image at a time, as the model does: \(reason)"))
      return nil
    }
  }

  /// Whether the model's head was trained on the same classes by an earlier run, or suits the task as it is.
  private func keepsHead(of model: ModelFile, _ layout: BackboneLayout, for train: LabelledImages) -> Bool {
    guard !request.startsHeadAnew else { return false }
    let metadata = model.description.metadata
    func value(_ key: String) -> String? { metadata.first { $0.key == key }?.value }
    let isOfRun =
      value("dka.recipe.method") != nil && value("task") == type(of: request.task).metadataName
      && request.task.metadata(of: train).allSatisfy { value($0.key) == $0.value }
    return isOfRun || request.task.keepsHead(of: layout, for: train)
  }

  /// The epochs that are left, each followed by its line of metrics and a checkpoint.
  private func train(_ loop: TrainingLoop, _ trainer: Trainer, _ origin: RunOrigin) throws {
    while loop.epochsDone < request.configuration.epochs {
      let record = try loop.runEpoch()
      try folder.append(record)
      let checkpoint = Checkpoint(
        stepCount: trainer.stepCount, epochsDone: loop.epochsDone, best: loop.best,
        learningRates: trainer.learningRates, configuration: request.options, origin: origin.fixed,
        dataList: origin.dataBytes,
        variables: try trainer.checkpointVariables())
      try checkpoint.write(to: folder.checkpoint)
      emit(.epoch(record))
    }
  }

  private func preprocessing(of model: ModelFile) throws -> PreprocessingChoice {
    let choice = try model.preprocessing(request.overrides, imageSide: request.imageSide)
    for warning in choice.warnings { emit(.warning(warning)) }
    let fields = choice.preprocessing.fields.map { "\($0.name) \($0.text)" }
    emit(.note("preprocessing from \(choice.source)"))
    emit(.detail("images: " + fields.joined(separator: ", ")))
    return choice
  }

  private func images(_ reading: ImageReading) throws -> LabelledImages {
    let images = try RunInterrupted.watching(request.task.readingTitle, emit, isInterrupted) { watch in
      try request.task.images(at: request.data, reading, watch)
    }
    for note in images.notes { emit(RunEvent(note)) }
    if images.hasIntensities {
      let shown = reading.window.map { "a window of \($0.width) around \($0.center)" }
      emit(
        .note(
          "brightness of DICOM and NIfTI images: "
            + (shown
              ?? "what DICOM files say (their first window), the 0.5 to 99.5 percentile of NIfTI volumes")))
    } else if reading != ImageReading() {
      emit(.warning("--window, --axis and --volume are for DICOM and NIfTI files, and there are none"))
    }
    return images
  }

  private func fingerprint(of images: LabelledImages, known: [Int: String]) throws -> DataFingerprint {
    let source = request.data
    let table = source.lastIndex(of: "/").map { String(source[..<$0]) } ?? ""
    return try RunInterrupted.translating {
      try images.fingerprint(
        relativeTo: Folder.isFolder(source) ? source : table, known: known, threads: context.options.threads,
        { _, _ in isInterrupted() })
    }
  }

  private func describe(_ adapted: AdaptedModel, _ parts: TrainingParts) {
    emit(
      .note(
        "\(request.injection.method): \(counted(adapted.modules, "module")), \(adapted.trainableParameters) trainable parameters "
          + "below the head and \(adapted.headParameters) in it"))
    if let note = adapted.placementNote { emit(.note(note)) }
    if adapted.method.trainsBackbone, adapted.frozen.tensors > 0 {
      emit(
        .note(
          "\(adapted.frozen.elements) numbers in \(counted(adapted.frozen.tensors, "tensor")) stay frozen: "
            + "statistics, masks, and what the file holds only gathered or derived, such as relative-position biases"
        ))
    }
    emit(
      .note(
        "images: \(parts.train.samples.count) train, \(parts.validation.samples.count) validation, "
          + "\(parts.test.samples.count) test; \(request.task.description(of: parts.train))"))
  }

  /// Goes on where a checkpoint was written.
  private func takeUp(_ checkpoint: Checkpoint, _ loop: TrainingLoop, _ trainer: Trainer) throws {
    try trainer.restore(checkpoint, path: folder.checkpoint)
    loop.resume(epochsDone: checkpoint.epochsDone, best: checkpoint.best)
    try folder.truncateMetrics(toEpochs: checkpoint.epochsDone)
    emit(.note("going on after epoch \(checkpoint.epochsDone)"))
  }
}
