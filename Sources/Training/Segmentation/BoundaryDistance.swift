import Datasets
import Glibc

/// How far the borders of two sets of pixels of one image lie apart.
///
/// The border of a set are its pixels with a neighbour above, below, left or right outside it, or outside the image. Distances are
/// Euclidean, in pixels or, where their spacing is known, in mm, from the pixels of each border to the nearest one of the other.
struct BoundaryDistance {
  /// Distances from the border of the prediction to that of the reference.
  let fromPrediction: [Double]
  /// Distances from the border of the reference to that of the prediction.
  let fromReference: [Double]

  /// Distances between two sets; nil where one of them is empty.
  ///
  /// - Parameter spacing: of rows and columns; nil counts pixels.
  init?(
    _ prediction: [Bool], _ reference: [Bool], width: Int, height: Int, spacing: PixelSpacing? = nil
  ) {
    let first = Self.border(of: prediction, width: width, height: height)
    let second = Self.border(of: reference, width: width, height: height)
    guard !first.isEmpty, !second.isEmpty else { return nil }
    // Nothing outside the rectangle around both matters.
    let rows = (first + second).map { $0 / width }
    let columns = (first + second).map { $0 % width }
    let frame = Frame(
      top: rows.min() ?? 0, left: columns.min() ?? 0, bottom: rows.max() ?? 0, right: columns.max() ?? 0,
      width: width, spacing: (spacing?.rows ?? 1, spacing?.columns ?? 1))
    fromPrediction = frame.distances(from: first, to: second)
    fromReference = frame.distances(from: second, to: first)
  }

  /// The larger of the two 95th percentiles, with linear interpolation between ranks.
  var hausdorff95: Double {
    max(Self.percentile(fromPrediction, 0.95), Self.percentile(fromReference, 0.95))
  }

  /// Share of the pixels of both borders that lie within a tolerance of the other.
  func surfaceDice(tolerance: Double) -> Double {
    let near = [fromPrediction, fromReference].reduce(0) { sum, distances in
      sum + distances.count { $0 <= tolerance }
    }
    return Double(near) / Double(fromPrediction.count + fromReference.count)
  }

  /// The pixels of a set's border, in order.
  static func border(of set: [Bool], width: Int, height: Int) -> [Int] {
    set.indices.filter { pixel in
      guard set[pixel] else { return false }
      let (row, column) = (pixel / width, pixel % width)
      return row == 0 || row == height - 1 || column == 0 || column == width - 1
        || !set[pixel - width] || !set[pixel + width] || !set[pixel - 1] || !set[pixel + 1]
    }
  }

  static func percentile(_ values: [Double], _ share: Double) -> Double {
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let lower = Int(place)
    guard lower + 1 < sorted.count else { return sorted[sorted.count - 1] }
    return sorted[lower] + (place - Double(lower)) * (sorted[lower + 1] - sorted[lower])
  }

  /// A rectangle of an image.
  private struct Frame {
    let top: Int
    let left: Int
    let bottom: Int
    let right: Int
    let width: Int
    let spacing: (rows: Double, columns: Double)

    /// The distance of some pixels to the nearest of others: the exact distance transform in two passes, of Felzenszwalb and
    /// Huttenlocher (2012).
    func distances(from pixels: [Int], to others: [Int]) -> [Double] {
      let (rows, columns) = (bottom - top + 1, right - left + 1)
      var squares = [Double](repeating: .infinity, count: rows * columns)
      for pixel in others { squares[(pixel / width - top) * columns + pixel % width - left] = 0 }
      for column in 0..<columns {
        let line = (0..<rows).map { squares[$0 * columns + column] }
        for (row, value) in Frame.transform(line, step: spacing.rows).enumerated() {
          squares[row * columns + column] = value
        }
      }
      for row in 0..<rows {
        let range = row * columns..<(row + 1) * columns
        squares.replaceSubrange(range, with: Frame.transform(Array(squares[range]), step: spacing.columns))
      }
      return pixels.map { squares[($0 / width - top) * columns + $0 % width - left].squareRoot() }
    }

    /// min over q of (p − q)² + f(q) for every p, places a step apart: the lower envelope of parabolas.
    private static func transform(_ values: [Double], step: Double) -> [Double] {
      var places: [Int] = []
      var starts: [Double] = []
      for (place, value) in values.enumerated() where value.isFinite {
        var start = -Double.infinity
        while let last = places.last {
          let (p, q) = (Double(place) * step, Double(last) * step)
          start = (value + p * p - values[last] - q * q) / (2 * (p - q))
          guard let before = starts.last, start <= before else { break }
          places.removeLast()
          starts.removeLast()
          start = -.infinity
        }
        places.append(place)
        starts.append(places.count == 1 ? -.infinity : start)
      }
      guard !places.isEmpty else { return values }
      var index = 0
      return values.indices.map { place in
        while index + 1 < places.count, starts[index + 1] < Double(place) * step { index += 1 }
        let distance = Double(place - places[index]) * step
        return distance * distance + values[places[index]]
      }
    }
  }
}
