import Glibc
package import Tensors

extension ClassificationMetrics {
  /// Natural logarithm.
  static func logarithm(_ value: Double) -> Double { log(value) }

  /// Softmax of each row of logits [images, classes], in double precision.
  ///
  /// - Throws: where a logit is no finite number: what a model says then is no prediction.
  package static func probabilities(ofLogits logits: [Float], classCount: Int) throws(NonFiniteScores)
    -> [[Double]]
  {
    try NonFiniteScores.check(logits, columns: classCount)
    return stride(from: 0, to: logits.count, by: classCount).map { start in
      let row = logits[start..<start + classCount].map(Double.init)
      let largest = row.max() ?? 0
      let exponentials = row.map { exp($0 - largest) }
      let sum = exponentials.reduce(0, +)
      return exponentials.map { $0 / sum }
    }
  }
}

/// A model gave something that is no finite number.
package struct NonFiniteScores: ReportableError, Equatable {
  /// Position of the image among those that were run.
  package let row: Int
  /// What the model gave.
  package let value: Float
  /// The image, where it is known.
  package var image: String?

  package init(row: Int, value: Float, image: String? = nil) {
    (self.row, self.value, self.image) = (row, value, image)
  }

  /// Throws where one of the values, `columns` per image, is not finite.
  package static func check(_ values: [Float], columns: Int) throws(NonFiniteScores) {
    try check(values.span, columns: columns)
  }

  /// Throws where one of the scores [n, …] is not finite.
  package static func check(_ scores: Tensor) throws(NonFiniteScores) {
    let columns = max(scores.shape.elementCount / max(scores.shape[0], 1), 1)
    try scores.withElements(of: Float.self) { values throws(NonFiniteScores) in
      try check(values, columns: columns)
    }
  }

  private static func check(_ values: Span<Float>, columns: Int) throws(NonFiniteScores) {
    for position in values.indices where !values[position].isFinite {
      throw NonFiniteScores(row: position / columns, value: values[position])
    }
  }

  package var failureCode: FailureCode { .workFailed }
  package var message: String {
    "the model's outputs\(image.map { " for '\($0)'" } ?? "") are not finite numbers: \(value)"
  }
  package var hint: String? {
    "check the model's weights, and that its images are prepared as it expects (dka inspect)"
  }
}
