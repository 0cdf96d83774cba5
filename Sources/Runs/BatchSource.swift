import Datasets
import Tensors
import Training

/// Batches of an epoch, as the trainer takes them: values at the cut and labels.
protocol BatchSource: AnyObject {
  /// Begins an epoch, counted from 0.
  func start(epoch: Int)
  /// The next batch, or nil after the last.
  func next() throws -> (features: [Tensor], labels: [Int])?
}

/// Batches that are decoded and augmented anew in each epoch.
final class LoadedBatches: BatchSource {
  private let loader: BatchLoader
  private let trainer: Trainer

  init(_ loader: BatchLoader, trainer: Trainer) {
    self.loader = loader
    self.trainer = trainer
  }

  func start(epoch: Int) { loader.start(epoch: epoch) }

  func next() throws -> (features: [Tensor], labels: [Int])? {
    guard let batch = try loader.next() else { return nil }
    return (try trainer.features(of: batch.images), batch.labels)
  }
}

/// Batches put together from values that were computed once per image.
///
/// The order is that of `BatchLoader`: the permutation of key (seed, epoch).
final class CachedBatches: BatchSource {
  private let features: [Tensor]
  private let labels: [Int]
  private let batchSize: Int
  private let seed: Int
  private let isShuffled: Bool
  private var order: [Int] = []
  private var position = 0

  /// Batches of values [n, …], one row per image.
  init(_ features: [Tensor], labels: [Int], batchSize: Int, seed: Int, isShuffled: Bool) {
    self.features = features
    self.labels = labels
    self.batchSize = batchSize
    self.seed = seed
    self.isShuffled = isShuffled
  }

  func start(epoch: Int) {
    var random = Random(seed, epoch)
    order = isShuffled ? random.permutation(of: labels.count) : Array(labels.indices)
    position = 0
  }

  func next() throws -> (features: [Tensor], labels: [Int])? {
    guard position < order.count else { return nil }
    let chosen = order[position..<min(position + batchSize, order.count)]
    position += chosen.count
    let rows = try features.map { feature in
      try Tensor(joiningRows: chosen.map { feature.rows($0..<$0 + 1) })
    }
    return (rows, chosen.map { labels[$0] })
  }

  /// Bytes that one image takes.
  static func bytesPerImage(_ features: [Tensor]) -> Int {
    features.reduce(0) { $0 + ($1.shape[0] == 0 ? 0 : $1.byteCount / $1.shape[0]) }
  }
}
