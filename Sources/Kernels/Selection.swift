package import Tensors

/// Elements that are chosen by their value.
package enum Selection {
  /// The first elements of the middle axis of [outer, extent, inner] in descending or ascending order, and where they stand.
  ///
  /// Of equal ones the first comes first; what is no number counts as larger than all. Shapes: values and positions
  /// [outer, count, inner].
  package static func extremes(
    _ x: TensorView, outer: Int, extent: Int, inner: Int, count: Int, isLargest: Bool,
    into values: TensorView,
    _ positions: TensorView?, _ options: KernelOptions
  ) {
    let choice = Choice(outer: outer, extent: extent, inner: inner, count: count, isLargest: isLargest)
    switch x.elementType {
    case .float32: choice.run(x, values, positions, options, Float.self)
    case .float64: choice.run(x, values, positions, options, Double.self)
    case .int64: choice.run(x, values, positions, options, Int64.self)
    case .int32: choice.run(x, values, positions, options, Int32.self)
    case .int8: choice.run(x, values, positions, options, Int8.self)
    default: choice.run(x, values, positions, options, UInt8.self)
    }
  }

  private struct Choice {
    let outer: Int
    let extent: Int
    let inner: Int
    let count: Int
    let isLargest: Bool

    func run<Element: Scalar & Comparable>(
      _ x: TensorView, _ values: TensorView, _ positions: TensorView?, _ options: KernelOptions,
      _ type: Element.Type
    ) {
      let (source, target) = unsafe (x.buffer(of: type), values.buffer(of: type))
      let places = unsafe positions.map { unsafe $0.buffer(of: Int64.self) }
      forEachRange(outer * inner, workPerItem: extent * 8, options) { range in
        for row in range {
          let start = row / inner * extent * inner + row % inner
          let first = row / inner * count * inner + row % inner
          let order = (0..<extent).sorted { left, right in
            let (a, b) = unsafe (source[start + left * inner], source[start + right * inner])
            if precedes(a, b) { return true }
            return precedes(b, a) ? false : left < right
          }
          for (rank, position) in order.prefix(count).enumerated() {
            unsafe target[first + rank * inner] = source[start + position * inner]
            if let places = unsafe places { unsafe places[first + rank * inner] = Int64(position) }
          }
        }
      }
    }

    /// Only what is no number differs from itself.
    @inline(__always)
    private func precedes<Element: Comparable>(_ a: Element, _ b: Element) -> Bool {
      guard a == a, b == b else { return isLargest ? a != a && b == b : a == a && b != b }
      return isLargest ? a > b : a < b
    }
  }

  /// Boxes that no better one covers: their numbers, best first.
  ///
  /// A box is better than another by its score; of equal scores the first is. One that overlaps a chosen one by more than
  /// `overlap`, as share of what both cover, is left out.
  ///
  /// - Parameters:
  ///   - boxes: four numbers each, two corners as y and x, or the middle as x and y with width and height.
  ///   - limit: how many are chosen at most.
  ///   - threshold: what scores lie above; nil where all count.
  package static func nonOverlapping(
    boxes: ArraySlice<Double>, scores: ArraySlice<Double>, areCentred: Bool, limit: Int, overlap: Double,
    threshold: Double?
  ) -> [Int] {
    let scores = Array(scores)
    let numbers = Array(boxes)
    let lowest = threshold ?? -.infinity
    let candidates = scores.indices.filter { threshold == nil || scores[$0] > lowest }
    let order = candidates.sorted { scores[$0] > scores[$1] || scores[$0] == scores[$1] && $0 < $1 }
    var chosen: [(number: Int, box: Box)] = []
    for number in order {
      guard chosen.count < limit else { break }
      let box = Box(numbers[(number * 4)..<(number * 4 + 4)], isCentred: areCentred)
      if chosen.allSatisfy({ $0.box.overlap(with: box) <= overlap }) { chosen.append((number, box)) }
    }
    return chosen.map(\.number)
  }

  private struct Box {
    let low: (Double, Double)
    let high: (Double, Double)

    init(_ numbers: ArraySlice<Double>, isCentred: Bool) {
      let n = Array(numbers)
      if isCentred {
        low = (n[0] - n[2] / 2, n[1] - n[3] / 2)
        high = (n[0] + n[2] / 2, n[1] + n[3] / 2)
      } else {
        low = (min(n[0], n[2]), min(n[1], n[3]))
        high = (max(n[0], n[2]), max(n[1], n[3]))
      }
    }

    private var area: Double { (high.0 - low.0) * (high.1 - low.1) }

    /// What both cover as share of what either does; 0 for boxes without area.
    func overlap(with other: Box) -> Double {
      let sides = (
        min(high.0, other.high.0) - max(low.0, other.low.0),
        min(high.1, other.high.1) - max(low.1, other.low.1)
      )
      guard sides.0 > 0, sides.1 > 0, area > 0, other.area > 0 else { return 0 }
      let common = sides.0 * sides.1
      return common / (area + other.area - common)
    }
  }
}
