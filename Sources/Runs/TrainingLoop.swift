package import Datasets
import Execution
import Tensors
package import Training

/// Epochs of training with validation after each, checkpoints, and the best parameters kept.
package final class TrainingLoop {
  /// What the loop works on.
  package struct Material {
    let task: any Task
    var trainer: Trainer
    var training: LabelledImages
    var validation: LabelledImages
    var preprocessing: Preprocessing
    /// How images are prepared that are measured, or learnt from without random crops.
    let measuring: Preprocessing
    var configuration: TrainingConfiguration
    var threads: Int

    /// What to train on and how.
    package init(
      task: any Task, trainer: Trainer, parts: TrainingParts, preprocessing: Preprocessing,
      configuration: TrainingConfiguration, threads: Int
    ) {
      self.task = task
      self.trainer = trainer
      training = parts.train
      validation = parts.validation
      self.preprocessing = preprocessing
      measuring = task.measuring(preprocessing)
      self.configuration = configuration
      self.threads = threads
    }
  }

  let material: Material
  let emit: (RunEvent) -> Void
  let isInterrupted: () -> Bool
  private let batches: any BatchSource
  /// Bytes that are held at the same time.
  private let memoryByteCount: Int
  /// Values at the cut of the validation images, in parts; none where they are measured in tiles.
  let validationFeatures: [ImageFeatures]
  /// Values at the cut of the training images, where they don't change between epochs.
  let trainingFeatures: ImageFeatures?

  /// Epochs finished.
  package private(set) var epochsDone = 0
  /// The epoch with the best score on the validation images, and the parameters after it.
  package private(set) var best: Checkpoint.Best?

  /// A loop; decodes and computes once what does not change between epochs.
  package init(
    _ material: Material, emit: @escaping (RunEvent) -> Void, isInterrupted: @escaping () -> Bool
  ) throws {
    self.material = material
    self.emit = emit
    self.isInterrupted = isInterrupted
    let configuration = material.configuration
    let memory = try TrainingMemory(material)
    let room = try memory.requireRoom()
    memoryByteCount = memory.byteCount
    let images = material.validation
    validationFeatures =
      images.samples.isEmpty || material.task.tiles != nil
      ? []
      : try ImageFeatures.parts(
        of: images, material, title: "preparing validation images", emit, isInterrupted)
    if configuration.augmentation == .none, try material.trainer.hasPrefix() {
      let features = try ImageFeatures(
        of: material.training, material, title: "computing what does not change", emit, isInterrupted)
      batches = CachedBatches(features, batchSize: configuration.batch, seed: configuration.seed)
      trainingFeatures = features
    } else {
      var options = BatchLoader.Options()
      options.batchSize = configuration.batch
      options.augmentation = configuration.augmentation
      options.seed = configuration.seed
      options.threads = material.threads
      options.cache = ImageCache(byteLimit: min(configuration.cacheByteLimit, room))
      let loader = BatchLoader(
        material.training.samples,
        preprocessing: configuration.augmentation.crops ? material.preprocessing : material.measuring,
        targets: material.task.targets(of: material.training), options: options)
      batches = LoadedBatches(loader, trainer: material.trainer, isInterrupted: isInterrupted)
      trainingFeatures = nil
    }
  }

  /// Takes up a run where its checkpoint left it.
  func resume(epochsDone: Int, best: Checkpoint.Best?) {
    self.epochsDone = epochsDone
    self.best = best
  }

  /// One epoch.
  ///
  /// - Throws: `RunInterrupted` between micro-batches when asked to stop; the epoch counts as not done.
  package func runEpoch() throws -> EpochRecord { try RunInterrupted.translating { try epoch() } }

  private func epoch() throws -> EpochRecord {
    let configuration = material.configuration
    let trainer = material.trainer
    let count = material.training.samples.count
    let stepsPerEpoch = (count + configuration.batch - 1) / configuration.batch
    let total = stepsPerEpoch * configuration.epochs
    let start = ContinuousClock.now
    let title = "epoch \(epochsDone + 1)/\(configuration.epochs)"
    let validated = material.validation.samples.count
    let later = (count + validated) * (configuration.epochs - epochsDone - 1)
    emit(.begin(title: title, total: count, later: later + validated))
    defer { emit(.end) }
    batches.start(epoch: epochsDone)
    var loss = 0.0
    var figures = material.task.runningFigures(for: material.training)
    var done = 0
    while let batch = try batches.next() {
      guard !isInterrupted() else { throw RunInterrupted() }
      let factor = configuration.schedule.factor(step: trainer.stepCount, total: total)
      let lossSoFar = done == 0 ? [] : [("loss", loss / Double(done))]
      var inBatch = 0
      let result = try trainer.step(
        batch.features, targets: batch.targets,
        keys: batch.keys(seed: configuration.seed, epoch: epochsDone), rateFactor: factor,
        figures: { output, targets in
          figures.add(output, targets)
          inBatch += targets.shape[0]
          emit(.advance(done: done + inBatch, figures: lossSoFar + figures.values))
        }, isInterrupted: isInterrupted)
      done += batch.samples.count
      loss += result.loss * Double(batch.samples.count)
      emit(.advance(done: done, figures: [("loss", loss / Double(done))] + figures.values))
    }
    try trainer.requireFiniteParameters()
    let seconds = (ContinuousClock.now - start).inSeconds
    let validation = try validate(title: title + ", validation", later: later)
    epochsDone += 1
    if let validation, best.map({ validation.score.isBetter(than: $0.score) }) ?? true {
      best = Checkpoint.Best(
        epoch: epochsDone, score: validation.score, parameters: try trainer.parameters())
    }
    return EpochRecord(
      epoch: epochsDone, loss: loss / Double(max(done, 1)), figures: figures.values,
      presentedValidation: validation, seconds: (ContinuousClock.now - start).inSeconds,
      imagesPerSecond: Double(done) / max(seconds, 1e-9))
  }

  /// Figures on the validation images with the present parameters.
  private func validate(title: String, later: Int) throws -> (any PresentedMetrics)? {
    let images = material.validation
    guard !images.samples.isEmpty else { return nil }
    emit(.begin(title: title, total: images.samples.count, later: later))
    var measurement = material.task.measurement(of: images)
    if let tiles = material.task.tiles {
      let trainer = material.trainer
      try tiles.scores(
        of: images.samples, material.measuring,
        output: { tile in
          let features = try trainer.features(of: tile, isInterrupted: isInterrupted)
          return try trainer.output(features, isInterrupted: isInterrupted)
        }, report: { emit(.advance(done: $0, figures: [])) }
      ) { try measurement.add($1, of: [$0]) }
      return measurement.metrics
    }
    var done = 0
    for features in validationFeatures {
      try measurement.add(
        try material.trainer.output(features.values, isInterrupted: isInterrupted), of: features.samples)
      done += features.samples.count
      emit(.advance(done: done, figures: []))
    }
    return measurement.metrics
  }

  /// What the epochs that are left need, in a line; nil where none is left.
  ///
  /// Time is that of a micro-batch, which is computed for it and changes nothing.
  func outlook() throws -> String? {
    let configuration = material.configuration
    let epochs = configuration.epochs - epochsDone
    guard epochs > 0 else { return nil }
    var first = material
    first.training.samples = Array(material.training.samples.prefix(material.trainer.microBatch))
    let features =
      try trainingFeatures?.selecting(Array(first.training.samples.indices))
      ?? ImageFeatures(
        joining: ImageFeatures.parts(of: first.training, first, title: nil, emit, isInterrupted))
    let seconds = try RunInterrupted.translating {
      try material.trainer.secondsPerImage(features.values, targets: features.targets)
    }
    // An evaluation is the forward half of a step, roughly a third of it.
    let images = Double(material.training.samples.count) + Double(material.validation.samples.count) / 3
    return "\(counted(epochs, "epoch")) of \(counted(material.training.samples.count, "image")): about "
      + "\(Self.roughly(seconds * images * Double(epochs))), \(memoryByteCount / 1_000_000) MB of memory beside the model's file"
  }

  /// A duration as one would say it.
  private static func roughly(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(max(Int(seconds.rounded()), 1)) s"
    case ..<5400: "\(Int((seconds / 60).rounded())) min"
    default: "\((seconds / 360).rounded() / 10) h"
    }
  }
}

extension Duration {
  /// This duration in seconds.
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
