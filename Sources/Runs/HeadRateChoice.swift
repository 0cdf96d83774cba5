package import Adapters
import Datasets
package import Operators
import Tensors
import Training

/// The learning rate of a linear probe's head, chosen without test images: METHOD, section 3.
///
/// A head beside adapters learns at 1e-4, the paper's rate; a head alone hardly moves at it, and a baseline that was not
/// tuned says nothing about what is measured against it. So each candidate trains the head from its start on features that
/// are computed once. What is compared is the lowest loss over the epochs on the validation images, since the best epoch
/// is kept there; without such images the mean loss after the last epoch over 5 folds of the training images.
struct HeadRateChoice {
  /// The rates that are tried, ascending.
  static let candidates = [1e-4, 1e-3, 1e-2, 1e-1]
  /// Folds of the training images where there are none for validation.
  static let foldCount = 5

  /// Loss per candidate; infinite where training does not stay finite.
  let losses: [Double]
  /// Images that were measured.
  let measured: Int
  /// Folds of the training images that were measured one after the other; nil where these were validation images.
  let folds: Int?

  /// The candidate with the lowest loss, the smallest of equal ones.
  var rate: Double {
    var best = 0
    for index in losses.indices where losses[index] < losses[best] { best = index }
    return Self.candidates[best]
  }

  /// What was compared and what is kept, in one line.
  var text: String {
    let figures = zip(Self.candidates, losses).map { rate, loss in
      "\(rate) \(loss.isFinite ? "\((loss * 1e4).rounded() / 1e4)" : "not finite")"
    }
    let images =
      folds.map { "\(counted($0, "fold")) of the training images" } ?? counted(measured, "validation image")
    return "the head's learning rate is \(rate), of the lowest loss on \(images) "
      + "(\(figures.joined(separator: ", "))); --lr-head sets another"
  }

  /// Tries every candidate.
  ///
  /// - Parameters:
  ///   - trainer: trains nothing but the head; left as it came.
  ///   - measurement: measures the loss, nothing yet.
  ///   - images: the training images.
  ///   - training: their features, in their order.
  ///   - validation: features of the validation images, or nil where there are none.
  init(
    _ trainer: Trainer, _ measurement: any Measurement, of images: LabelledImages, training: ImageFeatures,
    validation: ImageFeatures?, _ configuration: TrainingConfiguration, emit: (RunEvent) -> Void = { _ in },
    isInterrupted: () -> Bool
  ) throws {
    let folds = validation == nil ? images.folds(Self.foldCount, seed: configuration.seed) : []
    let trained = validation == nil ? folds.reduce(0) { $0 + $1.training.count } : training.samples.count
    emit(
      .begin(
        title: "choosing the head's learning rate",
        total: trained * configuration.epochs * Self.candidates.count))
    defer { emit(.end) }
    var done = 0
    let start = try trainer.checkpointVariables()
    defer {
      trainer.setLearningRate(
        configuration.headLearningRate ?? TrainingConfiguration.paperHeadRate, of: "head")
    }
    func losses(_ training: ImageFeatures, _ measured: ImageFeatures) throws -> [Double] {
      try trainer.restart(from: start)
      return try Self.losses(
        trainer, measurement, training: training, measured: measured, configuration, isInterrupted
      ) { images in
        done += images
        emit(.advance(done: done, figures: []))
      }
    }
    if let validation {
      self.folds = nil
      measured = validation.samples.count
      self.losses = try Self.candidates.map { rate in
        trainer.setLearningRate(rate, of: "head")
        return try losses(training, validation).min() ?? .infinity
      }
    } else {
      let count = folds.reduce(0) { $0 + $1.measured.count }
      self.folds = folds.count
      measured = count
      self.losses = try Self.candidates.map { rate in
        trainer.setLearningRate(rate, of: "head")
        let sum = try folds.reduce(0.0) { sum, fold in
          // Copies of one fold at a time.
          let last = try losses(
            try training.selecting(fold.training), try training.selecting(fold.measured)
          ).last
          return sum + (last ?? .infinity) * Double(fold.measured.count)
        }
        return sum / Double(max(count, 1))
      }
    }
    try trainer.restart(from: start)
  }

  /// Mean loss on the measured images after each epoch; infinite from where training is not finite any more.
  private static func losses(
    _ trainer: Trainer, _ measurement: any Measurement, training: ImageFeatures,
    measured: ImageFeatures, _ configuration: TrainingConfiguration, _ isInterrupted: () -> Bool,
    advance: (Int) -> Void
  ) throws -> [Double] {
    let batches = CachedBatches(training, batchSize: configuration.batch, seed: configuration.seed)
    let stepsPerEpoch = (training.samples.count + configuration.batch - 1) / configuration.batch
    var losses: [Double] = []
    do {
      for epoch in 0..<configuration.epochs {
        batches.start(epoch: epoch)
        while let batch = try batches.next() {
          let factor = configuration.schedule.factor(
            step: trainer.stepCount, total: stepsPerEpoch * configuration.epochs)
          _ = try trainer.step(
            batch.features, targets: batch.targets, keys: batch.keys(seed: configuration.seed, epoch: epoch),
            rateFactor: factor, isInterrupted: isInterrupted)
          advance(batch.samples.count)
        }
        var measurement = measurement
        try measurement.add(
          try trainer.output(measured.values, isInterrupted: isInterrupted), of: measured.samples)
        losses.append(measurement.metrics.loss)
      }
    } catch TrainingError.notFinite { losses.append(.infinity) } catch is NonFiniteScores {
      losses.append(.infinity)
    }
    return losses
  }
}

extension TrainingLoop {
  /// Sets the head's learning rate where the recipe leaves it open and only the head trains.
  ///
  /// - Returns: the choice, or nil where none is to be made.
  package func chooseHeadRate(for adapted: AdaptedModel, context: ExecutionContext) throws -> Double? {
    guard adapted.method is LinearProbe, material.configuration.headLearningRate == nil else { return nil }
    guard let (trainer, training, validation) = try headMaterial(adapted, context) else { return nil }
    let choice = try RunInterrupted.translating {
      try HeadRateChoice(
        trainer, material.task.measurement(of: material.training), of: material.training, training: training,
        validation: validation, material.configuration, emit: emit, isInterrupted: isInterrupted)
    }
    emit(.note(choice.text))
    material.trainer.setLearningRate(choice.rate, of: "head")
    return choice.rate
  }

  /// A trainer behind the cut and features in front of it: the loop's own where it has them.
  private func headMaterial(_ adapted: AdaptedModel, _ context: ExecutionContext) throws -> (
    Trainer, ImageFeatures, ImageFeatures?
  )? {
    func features(of images: LabelledImages, _ material: TrainingLoop.Material, _ title: String) throws
      -> ImageFeatures?
    {
      guard !images.samples.isEmpty else { return nil }
      return try ImageFeatures(of: images, material, title: title, emit, isInterrupted)
    }
    let title = "features of the validation images"
    if let trainingFeatures {
      return (
        material.trainer, trainingFeatures,
        validationFeatures.isEmpty
          ? try features(of: material.validation, material, title)
          : try ImageFeatures(joining: validationFeatures)
      )
    }
    var material = material
    material.configuration.augmentation = .none
    material.trainer = try adapted.trainer(material.configuration, material.task, context: context)
    guard try material.trainer.hasPrefix() else { return nil }
    guard
      let training = try features(of: material.training, material, "features for the head's learning rate")
    else { return nil }
    return (material.trainer, training, try features(of: material.validation, material, title))
  }
}
