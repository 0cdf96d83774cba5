import Tensors

/// A walk over a result and up to three operands that broadcast to it, row by row.
///
/// Axes that all operands cross with one stride are merged first, so equal shapes and scalars give one long
/// row, and an operand that is stretched over leading axes gives rows as long as the operand.
struct BroadcastWalk {
  /// A part of a row: where it starts in the result and in each operand, and how many elements it has.
  struct Segment {
    var target: Int
    var count: Int
    var first: Int
    var second: Int
    var third: Int
  }

  /// Elements per row.
  private(set) var rowCount = 1
  /// Stride of each operand along a row: 0 or 1 where broadcasting allows no other.
  private(set) var rowStrides: (first: Int, second: Int, third: Int) = (0, 0, 0)
  /// Extents of the axes above rows, innermost first.
  private var outerExtents: [Int] = []
  private var outerStrides: [(first: Int, second: Int, third: Int)] = []

  /// The walk over a result of the given shape; operands that are not there may be given as scalars.
  init(_ result: Shape, _ first: Shape, _ second: Shape = [], _ third: Shape = []) {
    let strides = [first, second, third].map { Self.strides(of: $0, in: result) }
    var extents: [Int] = []
    var merged: [(Int, Int, Int)] = []
    for axis in stride(from: result.rank - 1, through: 0, by: -1) where result.extents[axis] != 1 {
      let extent = result.extents[axis]
      let here = (strides[0][axis], strides[1][axis], strides[2][axis])
      if let last = extents.indices.last,
        here.0 == merged[last].0 * extents[last], here.1 == merged[last].1 * extents[last],
        here.2 == merged[last].2 * extents[last]
      {
        extents[last] *= extent
      } else {
        extents.append(extent)
        merged.append(here)
      }
    }
    guard let row = extents.first else { return }
    rowCount = row
    rowStrides = merged[0]
    outerExtents = Array(extents.dropFirst())
    outerStrides = merged.dropFirst().map { (first: $0.0, second: $0.1, third: $0.2) }
  }

  /// Strides along the one axis above rows, or nil where there is none or more than one.
  var onlyOuterAxis: (first: Int, second: Int, third: Int)? {
    outerStrides.count == 1 ? outerStrides[0] : nil
  }

  /// Number of rows.
  var rows: Int { outerExtents.reduce(1, *) }

  /// Calls `body` for every segment, in any order and from several threads when there is enough work.
  @inline(__always)
  func forEachSegment(_ options: KernelOptions, _ body: (Segment) -> Void) {
    guard rowCount > 0, rows > 0 else { return }
    if rows == 1 {
      let strides = rowStrides
      forEachRange(rowCount, workPerItem: 1, options) { range in
        let start = range.lowerBound
        body(
          Segment(
            target: start, count: range.count, first: start * strides.first, second: start * strides.second,
            third: start * strides.third))
      }
      return
    }
    forEachRange(rows, workPerItem: rowCount, options) { range in
      var (coordinates, segment) = position(of: range.lowerBound)
      for _ in range {
        body(segment)
        advance(&coordinates, &segment)
      }
    }
  }

  /// Coordinates above rows, innermost first, and the segment of a row.
  private func position(of row: Int) -> ([Int], Segment) {
    var segment = Segment(target: row * rowCount, count: rowCount, first: 0, second: 0, third: 0)
    var coordinates: [Int] = []
    var rest = row
    for (extent, stride) in zip(outerExtents, outerStrides) {
      let coordinate = rest % extent
      rest /= extent
      coordinates.append(coordinate)
      segment.first += coordinate * stride.first
      segment.second += coordinate * stride.second
      segment.third += coordinate * stride.third
    }
    return (coordinates, segment)
  }

  private func advance(_ coordinates: inout [Int], _ segment: inout Segment) {
    segment.target += rowCount
    for axis in coordinates.indices {
      let stride = outerStrides[axis]
      coordinates[axis] += 1
      segment.first += stride.first
      segment.second += stride.second
      segment.third += stride.third
      guard coordinates[axis] == outerExtents[axis] else { return }
      coordinates[axis] = 0
      segment.first -= outerExtents[axis] * stride.first
      segment.second -= outerExtents[axis] * stride.second
      segment.third -= outerExtents[axis] * stride.third
    }
  }

  /// Stride per axis of the result: 0 where the operand is stretched.
  private static func strides(of operand: Shape, in result: Shape) -> [Int] {
    let missing = result.rank - operand.rank
    precondition(missing >= 0, "operand \(operand) has more axes than the result \(result)")
    let own = operand.strides
    return (0..<result.rank).map { axis in
      axis < missing || operand.extents[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }
}
