package import Tensors

/// Reductions over any axes, with an order of summation that depends on the shape alone.
///
/// Contiguous runs are summed in 8 lanes and in blocks of 1024, columns in blocks of 64 rows, so that the
/// error grows with the length of a block instead of that of the sum. Every result element is made by one
/// thread.
package enum Reduction {
  /// What is computed from the elements x of one result element.
  package enum Kind: Sendable {
    /// Σ x.
    case sum
    /// Σ x / n.
    case mean
    /// Σ x².
    case sumOfSquares
    /// √Σ x².
    case euclideanNorm
    /// Π x.
    case product
    /// The largest x; NaN wins.
    case maximum
    /// The smallest x; NaN wins.
    case minimum
  }

  /// y = the reduction of x over the given axes, each of which is counted from the front.
  package static func apply(
    _ kind: Kind, _ x: TensorView, axes: [Int], into y: TensorView, _ options: KernelOptions
  ) {
    let walk = ReductionWalk(x.shape, axes: axes)
    switch x.elementType {
    case .float32: applyReal(kind, x, walk, y, options, Float.self)
    case .float64: applyReal(kind, x, walk, y, options, Double.self)
    case .int64: applyInteger(kind, x, walk, y, options, Int64.self)
    case .int32: applyInteger(kind, x, walk, y, options, Int32.self)
    default: applyInteger(kind, x.truthBytes, walk, y.truthBytes, options, UInt8.self, highest: 1)
    }
  }

  private static func applyReal<Real: RealNumber & SIMDScalar>(
    _ kind: Kind, _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    switch kind {
    case .sum: reduce(x, walk, y, options, from: 0 as Real, { $0 }, { $0 + $1 }) { $0 }
    case .mean:
      let count = Real(walk.reducedCount)
      reduce(x, walk, y, options, from: 0 as Real, { $0 }, { $0 + $1 }) { $0 / count }
    case .sumOfSquares: reduce(x, walk, y, options, from: 0 as Real, { $0 * $0 }, { $0 + $1 }) { $0 }
    case .euclideanNorm:
      reduce(x, walk, y, options, from: 0 as Real, { $0 * $0 }, { $0 + $1 }) { $0.squareRoot() }
    case .product: reduce(x, walk, y, options, from: 1 as Real, { $0 }, { $0 * $1 }) { $0 }
    case .maximum:
      reduce(x, walk, y, options, from: -Real.infinity, { $0 }, { $1 > $0 || $1 != $1 ? $1 : $0 }) { $0 }
    case .minimum:
      reduce(x, walk, y, options, from: Real.infinity, { $0 }, { $1 < $0 || $1 != $1 ? $1 : $0 }) { $0 }
    }
  }

  private static func applyInteger<Integer: FixedWidthInteger & Scalar & SIMDScalar>(
    _ kind: Kind, _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions,
    _ type: Integer.Type, highest: Integer = .max
  ) {
    switch kind {
    case .sum: reduce(x, walk, y, options, from: 0 as Integer, { $0 }, { $0 &+ $1 }) { $0 }
    case .mean:
      // An empty mean has no integer value; 0 keeps it from trapping.
      let count = Integer(clamping: max(walk.reducedCount, 1))
      reduce(x, walk, y, options, from: 0 as Integer, { $0 }, { $0 &+ $1 }) { $0 / count }
    case .sumOfSquares: reduce(x, walk, y, options, from: 0 as Integer, { $0 &* $0 }, { $0 &+ $1 }) { $0 }
    case .euclideanNorm:
      reduce(x, walk, y, options, from: 0 as Integer, { $0 &* $0 }, { $0 &+ $1 }) {
        Elementwise.saturating(Double($0).squareRoot())
      }
    case .product: reduce(x, walk, y, options, from: 1 as Integer, { $0 }, { $0 &* $1 }) { $0 }
    case .maximum: reduce(x, walk, y, options, from: Integer.min, { $0 }, { max($0, $1) }) { $0 }
    case .minimum: reduce(x, walk, y, options, from: highest, { $0 }, { min($0, $1) }) { $0 }
    }
  }

  /// Reduces prepared elements with `join` from `start` on and finishes each result.
  @inline(__always)
  private static func reduce<Element: Scalar & SIMDScalar>(
    _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions,
    from start: Element, _ prepare: (Element) -> Element, _ join: (Element, Element) -> Element,
    _ finish: (Element) -> Element
  ) {
    let source = unsafe x.buffer(of: Element.self)
    let target = unsafe y.buffer(of: Element.self)
    let offsets = walk.reducedOffsets
    if walk.keptRun == 1 {
      let run = walk.reducedRun
      forEachRange(y.count, workPerItem: run * offsets.count, options) { range in
        for index in range {
          let base = walk.keptOffset(index)
          var total = start
          for offset in offsets {
            total = unsafe join(total, joinRun(source, base + offset, run, start, prepare, join))
          }
          unsafe target[index] = finish(total)
        }
      }
    } else {
      let run = walk.keptRun
      let blocks = (run + columns - 1) / columns
      forEachRange(y.count / max(run, 1) * blocks, workPerItem: columns * offsets.count, options) { range in
        for index in range {
          let row = index / blocks
          let first = index % blocks * columns
          let base = walk.keptOffset(row) + first
          let at = row * run + first
          if run - first >= columns {
            let sums = unsafe joinColumns(source, base, offsets, start, prepare, join)
            for lane in 0..<columns { unsafe target[at + lane] = finish(sums[lane]) }
          } else {
            for lane in 0..<(run - first) {
              unsafe target[at + lane] = finish(
                joinColumn(source, base + lane, offsets, start, prepare, join))
            }
          }
        }
      }
    }
  }

  private static let columns = 16
  private static let rowsPerBlock = 64

  @inline(__always)
  private static func joinRun<Element: Scalar & SIMDScalar>(
    _ source: UnsafeMutableBufferPointer<Element>, _ base: Int, _ count: Int, _ start: Element,
    _ prepare: (Element) -> Element, _ join: (Element, Element) -> Element
  ) -> Element {
    var total = start
    var index = 0
    while count - index >= 8 {
      let end = min(count - (count - index) % 8, index + 1024)
      var lanes = SIMD8<Element>(repeating: start)
      while index < end {
        for lane in 0..<8 { unsafe lanes[lane] = join(lanes[lane], prepare(source[base + index + lane])) }
        index += 8
      }
      let low = join(join(lanes[0], lanes[4]), join(lanes[2], lanes[6]))
      let high = join(join(lanes[1], lanes[5]), join(lanes[3], lanes[7]))
      total = join(total, join(low, high))
    }
    while index < count {
      total = unsafe join(total, prepare(source[base + index]))
      index += 1
    }
    return total
  }

  @inline(__always)
  private static func joinColumns<Element: Scalar & SIMDScalar>(
    _ source: UnsafeMutableBufferPointer<Element>, _ base: Int, _ offsets: [Int], _ start: Element,
    _ prepare: (Element) -> Element, _ join: (Element, Element) -> Element
  ) -> SIMD16<Element> {
    var totals = SIMD16<Element>(repeating: start)
    var row = 0
    while row < offsets.count {
      let end = min(row + rowsPerBlock, offsets.count)
      var sums = SIMD16<Element>(repeating: start)
      while row < end {
        let at = base + offsets[row]
        for lane in 0..<columns { unsafe sums[lane] = join(sums[lane], prepare(source[at + lane])) }
        row += 1
      }
      for lane in 0..<columns { totals[lane] = join(totals[lane], sums[lane]) }
    }
    return totals
  }

  @inline(__always)
  private static func joinColumn<Element: Scalar>(
    _ source: UnsafeMutableBufferPointer<Element>, _ base: Int, _ offsets: [Int], _ start: Element,
    _ prepare: (Element) -> Element, _ join: (Element, Element) -> Element
  ) -> Element {
    var total = start
    var row = 0
    while row < offsets.count {
      let end = min(row + rowsPerBlock, offsets.count)
      var sum = start
      while row < end {
        sum = unsafe join(sum, prepare(source[base + offsets[row]]))
        row += 1
      }
      total = join(total, sum)
    }
    return total
  }
}
