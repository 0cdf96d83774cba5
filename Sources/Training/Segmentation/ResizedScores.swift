package import Datasets
import Glibc

/// Scores of classes on a grid, and what they are on another one: bilinear, half a pixel being the middle of one.
package struct ResizedScores: Sendable {
  /// Number of classes.
  package let classes: Int
  private let height: Int
  private let width: Int
  private let scores: [Float]

  /// Scores [C, h, w].
  package init(_ scores: [Float], classes: Int, height: Int, width: Int) {
    precondition(scores.count == classes * height * width, "\(scores.count) scores")
    (self.scores, self.classes, self.height, self.width) = (scores, classes, height, width)
  }

  /// The scores of one row of the other grid: [C, W].
  package struct Row {
    fileprivate var values: [Float]
    fileprivate let width: Int
    fileprivate let classes: Int

    /// The score of a class.
    package func score(_ index: Int, _ column: Int) -> Float { values[index * width + column] }

    /// The class with the largest score, the first of equal ones.
    package func best(_ column: Int) -> Int {
      var best = 0
      for index in 1..<classes where values[index * width + column] > values[best * width + column] {
        best = index
      }
      return best
    }

    /// The same, with −log softmax of another class.
    func best(_ column: Int, against reference: Int) -> (best: Int, loss: Float) {
      let best = best(column)
      let largest = values[best * width + column]
      var sum: Float = 0
      for index in 0..<classes { sum += expf(values[index * width + column] - largest) }
      return (best, largest + logf(sum) - values[reference * width + column])
    }
  }

  /// Calls `body` with every row of a grid of another size.
  package func forEachRow(width targetWidth: Int, height targetHeight: Int, _ body: (Int, Row) -> Void) {
    let columns = Self.taps(width, targetWidth)
    let rows = Self.taps(height, targetHeight)
    // Rows of the scores at the target's width, of which two are needed at a time.
    var widened: [Int: [Float]] = [:]
    func wide(_ row: Int) -> [Float] {
      if let known = widened[row] { return known }
      var result = [Float](repeating: 0, count: classes * targetWidth)
      for index in 0..<classes {
        let start = (index * height + row) * width
        for (column, tap) in columns.enumerated() {
          let (left, right) = (scores[start + tap.first], scores[start + tap.second])
          result[index * targetWidth + column] = left + (right - left) * tap.share
        }
      }
      widened[row] = result
      return result
    }
    var row = Row(
      values: [Float](repeating: 0, count: classes * targetWidth), width: targetWidth, classes: classes)
    for (position, tap) in rows.enumerated() {
      widened = widened.filter { $0.key >= tap.first }
      let (upper, lower) = (wide(tap.first), wide(tap.second))
      for index in row.values.indices {
        row.values[index] = upper[index] + (lower[index] - upper[index]) * tap.share
      }
      body(position, row)
    }
  }

  /// The class of every pixel of a grid of another size.
  package func mask(width: Int, height: Int) -> Mask {
    var classes: [Int16] = []
    classes.reserveCapacity(width * height)
    forEachRow(width: width, height: height) { _, row in
      for column in 0..<width { classes.append(Int16(truncatingIfNeeded: row.best(column))) }
    }
    return Mask(width: width, height: height, classes: classes)
  }

  /// For every place of a target the two places that it lies between, and how far it is from the first to the second.
  private static func taps(_ source: Int, _ target: Int) -> [(first: Int, second: Int, share: Float)] {
    (0..<target).map { place in
      let x = (Double(place) + 0.5) * Double(source) / Double(target) - 0.5
      let inside = min(max(x, 0), Double(source - 1))
      let first = Int(inside)
      return (first, min(first + 1, source - 1), Float(inside - Double(first)))
    }
  }
}
