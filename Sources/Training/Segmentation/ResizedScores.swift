package import Datasets
import Glibc
package import Tensors

/// Scores of classes on a grid, and what they are on another one: bilinear, half a pixel being the middle of one.
package struct ResizedScores: Sendable {
  /// Number of classes.
  package let classes: Int
  private let height: Int
  private let width: Int
  private let scores: Tensor

  /// Scores of one image, float32 [1, C, h, w]; they are read where they lie.
  package init(_ scores: Tensor) {
    precondition(scores.shape.rank == 4 && scores.shape[0] == 1, "scores \(scores.shape) of an image")
    self.scores = scores
    (classes, height, width) = (scores.shape[1], scores.shape[2], scores.shape[3])
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
    let none = [Float](repeating: 0, count: classes * targetWidth)
    // Two rows of the scores at the target's width; the lower one is the next upper one, or the same again.
    var (upper, lower) = (none, none)
    var present = (upper: -1, lower: -1)
    var row = Row(values: none, width: targetWidth, classes: classes)
    for (position, tap) in rows.enumerated() {
      if present.upper != tap.first {
        swap(&upper, &lower)
        swap(&present.upper, &present.lower)
        if present.upper != tap.first { widen(tap.first, columns, into: &upper) }
      }
      if present.lower != tap.second { widen(tap.second, columns, into: &lower) }
      present = (tap.first, tap.second)
      for index in row.values.indices {
        row.values[index] = upper[index] + (lower[index] - upper[index]) * tap.share
      }
      body(position, row)
    }
  }

  /// A row of the scores at the target's width, [C, W].
  private func widen(_ row: Int, _ columns: [Tap], into result: inout [Float]) {
    scores.withElements(of: Float.self) { scores in
      for index in 0..<classes {
        let start = (index * height + row) * width
        for (column, tap) in columns.enumerated() {
          let (left, right) = (scores[start + tap.first], scores[start + tap.second])
          result[index * columns.count + column] = left + (right - left) * tap.share
        }
      }
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

  /// The two places that a place of a target lies between, and how far it is from the first to the second.
  private typealias Tap = (first: Int, second: Int, share: Float)

  private static func taps(_ source: Int, _ target: Int) -> [Tap] {
    (0..<target).map { place in
      let x = (Double(place) + 0.5) * Double(source) / Double(target) - 0.5
      let inside = min(max(x, 0), Double(source - 1))
      let first = Int(inside)
      return (first, min(first + 1, source - 1), Float(inside - Double(first)))
    }
  }
}
