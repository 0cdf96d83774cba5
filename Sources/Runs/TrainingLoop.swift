package import Datasets
import Execution
package import Tensors
package import Training

/// Epochs of training with validation after each, checkpoints, and the best parameters kept.
package final class TrainingLoop {
  /// What the loop works on.
  package struct Material {
    var trainer: Trainer
    var training: LabelledImages
    var validation: LabelledImages
    var preprocessing: Preprocessing
    var configuration: TrainingConfiguration
    var threads: Int

    /// What to train on and how.
    package init(
      trainer: Trainer, parts: TrainingParts, preprocessing: Preprocessing,
      configuration: TrainingConfiguration, threads: Int
    ) {
      self.trainer = trainer
      training = parts.train
      validation = parts.validation
      self.preprocessing = preprocessing
      self.configuration = configuration
      self.threads = threads
    }
  }

  let material: Material
  let emit: (RunEvent) -> Void
  let isInterrupted: () -> Bool
  private let batches: any BatchSource
  /// Values at the cut of the validation images, in parts.
  let validationFeatures: [[Tensor]]
  /// Values at the cut of the training images, where they don't change between epochs.
  let trainingFeatures: ImageFeatures?

  /// Epochs finished.
  package private(set) var epochsDone = 0
  /// Epoch, counted from 1, with the best validation accuracy and of those the lowest loss, and the parameters after it.
  package private(set) var best:
    (epoch: Int, accuracy: Double, loss: Double, parameters: [(name: String, value: Tensor)])?

  /// A loop; decodes and computes once what does not change between epochs.
  package init(
    _ material: Material, emit: @escaping (RunEvent) -> Void, isInterrupted: @escaping () -> Bool
  ) throws {
    self.material = material
    self.emit = emit
    self.isInterrupted = isInterrupted
    let configuration = material.configuration
    let room = try TrainingMemory(material).requireRoom()
    let images = material.validation
    validationFeatures =
      images.samples.isEmpty
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
        material.training.samples, preprocessing: material.preprocessing, options: options)
      batches = LoadedBatches(loader, trainer: material.trainer, isInterrupted: isInterrupted)
      trainingFeatures = nil
    }
  }

  /// Takes up a run where its checkpoint left it.
  func resume(
    epochsDone: Int,
    best: (epoch: Int, accuracy: Double, loss: Double, parameters: [(name: String, value: Tensor)])?
  ) {
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
    emit(
      .begin(
        title: "epoch \(epochsDone + 1)/\(configuration.epochs)", total: count,
        later: count * (configuration.epochs - epochsDone - 1)))
    defer { emit(.end) }
    batches.start(epoch: epochsDone)
    var loss = 0.0
    var correct = 0
    var done = 0
    while let batch = try batches.next() {
      guard !isInterrupted() else { throw RunInterrupted() }
      let factor = configuration.schedule.factor(step: trainer.stepCount, total: total)
      let keys = batch.indices.map { index in
        var random = Random(configuration.seed, epochsDone, index, 1)
        return Int(truncatingIfNeeded: random.next())
      }
      let result = try trainer.step(
        batch.features, labels: batch.labels, keys: keys, rateFactor: factor, isInterrupted: isInterrupted)
      done += batch.labels.count
      loss += result.loss * Double(batch.labels.count)
      correct += result.correct
      emit(
        .advance(
          done: done,
          figures: [("loss", loss / Double(done)), ("accuracy", Double(correct) / Double(done))]))
    }
    try trainer.requireFiniteParameters()
    let seconds = (ContinuousClock.now - start).inSeconds
    let validation = try validate()
    epochsDone += 1
    // Few images give few different accuracies: of equal ones the lower loss is the better.
    if let validation,
      best.map({ (validation.accuracy, -validation.loss) > ($0.accuracy, -$0.loss) }) ?? true
    {
      best = (epochsDone, validation.accuracy, validation.loss, try trainer.parameters())
    }
    return EpochRecord(
      epoch: epochsDone, loss: loss / Double(max(done, 1)), accuracy: Double(correct) / Double(max(done, 1)),
      validation: validation, seconds: (ContinuousClock.now - start).inSeconds,
      imagesPerSecond: Double(done) / max(seconds, 1e-9))
  }

  /// Figures on the validation images with the present parameters.
  private func validate() throws -> ClassificationMetrics? {
    guard !validationFeatures.isEmpty else { return nil }
    let classes = material.validation.classes
    var probabilities: [[Double]] = []
    for features in validationFeatures {
      probabilities += try ClassificationMetrics.probabilities(
        ofLogits: try material.trainer.logits(features, isInterrupted: isInterrupted),
        classCount: classes.count)
    }
    return ClassificationMetrics(
      probabilities: probabilities, labels: material.validation.samples.map(\.label), classes: classes)
  }
}

extension Duration {
  /// This duration in seconds.
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
