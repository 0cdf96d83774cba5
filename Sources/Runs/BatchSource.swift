import Datasets
import Tensors
import Training

/// One batch as the trainer takes it.
struct TrainingBatch {
  /// Values at the cut, [n, …] each.
  let features: [Tensor]
  /// What the objective compares with, [n, …].
  let targets: Tensor
  /// The samples that the rows are of.
  let samples: [Sample]

  /// What decides each image's dropout in an epoch, counted from 0.
  func keys(seed: Int, epoch: Int) -> [Int] {
    samples.map { sample in
      var random = Random(seed, epoch, sample.index, 1)
      return Int(truncatingIfNeeded: random.next())
    }
  }
}

/// Batches of an epoch, as the trainer takes them: values at the cut and targets.
protocol BatchSource: AnyObject {
  /// Begins an epoch, counted from 0.
  func start(epoch: Int)
  /// The next batch, or nil after the last.
  func next() throws -> TrainingBatch?
}

/// Batches that are decoded and augmented anew in each epoch.
final class LoadedBatches: BatchSource {
  private let loader: BatchLoader
  private let trainer: Trainer
  private let isInterrupted: () -> Bool

  init(_ loader: BatchLoader, trainer: Trainer, isInterrupted: @escaping () -> Bool) {
    self.loader = loader
    self.trainer = trainer
    self.isInterrupted = isInterrupted
  }

  func start(epoch: Int) { loader.start(epoch: epoch) }

  func next() throws -> TrainingBatch? {
    guard let batch = try loader.next(isInterrupted: isInterrupted), let targets = batch.targets else {
      return nil
    }
    return TrainingBatch(
      features: try trainer.features(of: batch.images, isInterrupted: isInterrupted), targets: targets,
      samples: batch.samples)
  }
}

/// Batches put together from values that were computed once per image.
///
/// The order is that of `BatchLoader`: the permutation of key (seed, epoch).
final class CachedBatches: BatchSource {
  private let features: ImageFeatures
  private let batchSize: Int
  private let seed: Int
  private var order: [Int] = []
  private var position = 0

  /// Batches of some images.
  init(_ features: ImageFeatures, batchSize: Int, seed: Int) {
    self.features = features
    self.batchSize = batchSize
    self.seed = seed
  }

  func start(epoch: Int) {
    var random = Random(seed, epoch)
    order = random.permutation(of: features.samples.count)
    position = 0
  }

  func next() throws -> TrainingBatch? {
    guard position < order.count else { return nil }
    let chosen = order[position..<min(position + batchSize, order.count)]
    position += chosen.count
    let selected = try features.selecting(Array(chosen))
    return TrainingBatch(
      features: selected.values, targets: selected.targets, samples: selected.samples)
  }
}
