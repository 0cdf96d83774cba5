package import Datasets
import Kernels
import Synchronization
package import Tensors
package import Training

/// Compares scores [n, C, h, w] with the masks of samples, each at its own size.
package struct SegmentationMeasurement: Measurement {
  private let classes: MaskClasses
  private let tolerance: Double?
  private let threads: Int
  private var comparisons: [MaskComparison] = []

  /// Nothing compared yet.
  ///
  /// - Parameter tolerance: pixels within which borders are near; nil leaves out what is told of borders.
  init(_ classes: MaskClasses, tolerance: Double?, threads: Int) {
    (self.classes, self.tolerance, self.threads) = (classes, tolerance, threads)
  }

  package mutating func add(_ output: Tensor, of samples: [Sample]) throws {
    guard output.shape.rank == 4, output.shape[0] == samples.count, output.shape[1] == classes.names.count
    else {
      throw TrainingError.unsuitable(
        "the output is \(output.shape), expected [\(samples.count), \(classes.names.count), H, W]")
    }
    try NonFiniteScores.check(output)
    let (classes, tolerance) = (classes, tolerance)
    let found = Mutex([Result<MaskComparison, DatasetError>?](repeating: nil, count: samples.count))
    parallelFor(samples.count, threads: threads) { position, _ in
      let sample = samples[position]
      let result = Result { () throws(DatasetError) in
        guard let files = sample.mask else {
          throw DatasetError(.badData, "'\(sample.name)' has no mask", file: sample.path)
        }
        return MaskComparison(
          ResizedScores(output.rows(position..<position + 1)), try files.joined(classes), of: sample,
          foreground: classes.foreground, tolerance: tolerance)
      }
      found.withLock { $0[position] = result }
    }
    for result in found.withLock({ $0 }) {
      if let comparison = try result?.get() { comparisons.append(comparison) }
    }
  }

  package var metrics: SegmentationMetrics {
    SegmentationMetrics(
      comparisons, classes, tolerance: tolerance ?? SegmentationTask.surfaceTolerance)
  }
}
