import Glibc
import Tensors

extension ClassificationMetrics {
  /// Natural logarithm.
  static func logarithm(_ value: Double) -> Double { log(value) }

  /// Softmax of each row of logits [images, classes], in double precision.
  package static func probabilities(ofLogits logits: [Float], classCount: Int) -> [[Double]] {
    stride(from: 0, to: logits.count, by: classCount).map { start in
      let row = logits[start..<start + classCount].map(Double.init)
      let largest = row.max() ?? 0
      let exponentials = row.map { exp($0 - largest) }
      let sum = exponentials.reduce(0, +)
      return exponentials.map { $0 / sum }
    }
  }
}
