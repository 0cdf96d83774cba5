package import Tensors

/// Reductions over any axes, with an order of summation that depends on the shape alone.
///
/// Contiguous runs are joined in 8 lanes and in blocks of 1024, columns in blocks of 64 rows, so that the
/// error of a sum grows with the length of a block instead of that of the sum. Every result element is made by one
/// thread; where there are fewer of them than threads, blocks of a long run are joined by all of them, and then in their order.
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

  /// y = the reduction of x along a walk over its elements.
  package static func apply(
    _ kind: Kind, _ x: TensorView, _ walk: ReductionWalk, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: applyReal(kind, x, walk, y, options, Float.self)
    case .float64: applyReal(kind, x, walk, y, options, Double.self)
    case .int64: applyInteger(kind, x, walk, y, options, Int64.self)
    case .int32: applyInteger(kind, x, walk, y, options, Int32.self)
    case .int8: applyInteger(kind, x, walk, y, options, Int8.self)
    case .uint8: applyInteger(kind, x, walk, y, options, UInt8.self)
    default: applyInteger(kind, x.truthBytes, walk, y.truthBytes, options, UInt8.self, highest: 1)
    }
  }

  private static func applyReal<Real: RealNumber & SIMDScalar>(
    _ kind: Kind, _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    switch kind {
    case .sum: reduce(x, walk, y, options, by: RealSum<Real>.self) { $0 }
    case .mean:
      let count = Real(walk.reducedCount)
      reduce(x, walk, y, options, by: RealSum<Real>.self) { $0 / count }
    case .sumOfSquares: reduce(x, walk, y, options, by: RealSquareSum<Real>.self) { $0 }
    case .euclideanNorm: reduce(x, walk, y, options, by: RealSquareSum<Real>.self) { $0.squareRoot() }
    case .product: reduce(x, walk, y, options, by: RealProduct<Real>.self) { $0 }
    case .maximum: reduce(x, walk, y, options, by: RealMaximum<Real>.self) { $0 }
    case .minimum: reduce(x, walk, y, options, by: RealMinimum<Real>.self) { $0 }
    }
  }

  private static func applyInteger<Integer: FixedWidthInteger & Scalar & SIMDScalar>(
    _ kind: Kind, _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions,
    _ type: Integer.Type, highest: Integer = .max
  ) {
    switch kind {
    case .sum: reduce(x, walk, y, options, by: IntegerSum<Integer>.self) { $0 }
    case .mean:
      // An empty mean has no integer value; 0 keeps it from trapping.
      let count = Integer(clamping: max(walk.reducedCount, 1))
      reduce(x, walk, y, options, by: IntegerSum<Integer>.self) { $0 / count }
    case .sumOfSquares: reduce(x, walk, y, options, by: IntegerSquareSum<Integer>.self) { $0 }
    case .euclideanNorm:
      reduce(x, walk, y, options, by: IntegerSquareSum<Integer>.self) {
        Elementwise.saturating(Double($0).squareRoot())
      }
    case .product: reduce(x, walk, y, options, by: IntegerProduct<Integer>.self) { $0 }
    case .maximum: reduce(x, walk, y, options, by: IntegerMaximum<Integer>.self) { $0 }
    case .minimum: reduce(x, walk, y, options, by: IntegerMinimum<Integer>.self) { min($0, highest) }
    }
  }

  /// Reduces elements and finishes each result.
  @inline(__always)
  private static func reduce<F: Fold>(
    _ x: TensorView, _ walk: ReductionWalk, _ y: TensorView, _ options: KernelOptions, by fold: F.Type,
    _ finish: (F.Element) -> F.Element
  ) {
    guard x.count > 0 else {
      let target = unsafe y.buffer(of: F.Element.self)
      for index in 0..<y.count { unsafe target[index] = finish(F.start) }
      return
    }
    let source = unsafe UnsafePointer(x.words(F.Element.self))
    let target = unsafe y.words(F.Element.self)
    let offsets = walk.reducedOffsets
    if walk.keptRun == 1, y.count < options.threads {
      for index in 0..<y.count {
        let line = unsafe source + walk.keptOffset(index)
        var total = F.start
        for offset in offsets {
          total = unsafe F.join(total, joinRun(line + offset, walk.reducedRun, options, fold))
        }
        unsafe target[index] = finish(total)
      }
    } else if walk.keptRun == 1 {
      let run = walk.reducedRun
      forEachRange(y.count, workPerItem: run * offsets.count, options) { range in
        for index in range {
          let line = unsafe source + walk.keptOffset(index)
          var total = F.start
          for offset in offsets { total = unsafe F.join(total, joinRun(line + offset, run, fold)) }
          unsafe target[index] = finish(total)
        }
      }
    } else {
      let run = walk.keptRun
      let blocks = (run + columns - 1) / columns
      forEachRange(y.count / run * blocks, workPerItem: min(columns, run) * offsets.count, options) { range in
        for index in range {
          let (row, first) = (index / blocks, index % blocks * columns)
          let result = unsafe target + row * run + first
          let count = min(columns, run - first)
          unsafe joinColumns(source + walk.keptOffset(row) + first, offsets, count, into: result, fold)
          for column in 0..<count { unsafe result[column] = finish(result[column]) }
        }
      }
    }
  }

  /// Columns that are reduced together: a few cache lines of each row.
  private static let columns = 128
  /// Elements of a run that are joined by themselves.
  private static let blockLength = 1024
  private static let rowsPerBlock = 64

  @inline(__always)
  private static func joinRun<F: Fold>(_ source: UnsafePointer<F.Element>, _ count: Int, _ fold: F.Type)
    -> F.Element
  {
    let whole = count - count % 8
    var total = F.start
    var index = 0
    while index < whole {
      let end = min(whole, index + blockLength)
      total = unsafe F.join(total, joinBlock(source + index, end - index, fold))
      index = end
    }
    return unsafe joinRest(source + whole, count - whole, to: total, fold)
  }

  /// What `joinRun` gives, bit for bit, with the blocks joined by all threads.
  @inline(__always)
  private static func joinRun<F: Fold>(
    _ source: UnsafePointer<F.Element>, _ count: Int, _ options: KernelOptions, _ fold: F.Type
  ) -> F.Element {
    let whole = count - count % 8
    let blocks = (whole + blockLength - 1) / blockLength
    return unsafe withUnsafeTemporaryAllocation(of: F.Element.self, capacity: blocks) { sums in
      forEachRange(blocks, workPerItem: blockLength, options) { range in
        for block in range {
          let first = block * blockLength
          unsafe sums[block] = joinBlock(source + first, min(blockLength, whole - first), fold)
        }
      }
      var total = F.start
      for block in 0..<blocks { total = unsafe F.join(total, sums[block]) }
      return unsafe joinRest(source + whole, count - whole, to: total, fold)
    }
  }

  /// Joins at most a block of elements, a multiple of 8, in 8 lanes.
  @inline(__always)
  private static func joinBlock<F: Fold>(_ source: UnsafePointer<F.Element>, _ count: Int, _ fold: F.Type)
    -> F.Element
  {
    var lanes = SIMD8<F.Element>(repeating: F.start)
    var index = 0
    while index < count {
      lanes = unsafe F.join(lanes, F.prepare(eight(source + index)))
      index += 8
    }
    let low = F.join(F.join(lanes[0], lanes[4]), F.join(lanes[2], lanes[6]))
    let high = F.join(F.join(lanes[1], lanes[5]), F.join(lanes[3], lanes[7]))
    return F.join(low, high)
  }

  /// Joins fewer than 8 elements to what those before them gave.
  @inline(__always)
  private static func joinRest<F: Fold>(
    _ source: UnsafePointer<F.Element>, _ count: Int, to total: F.Element, _ fold: F.Type
  ) -> F.Element {
    var total = total
    for index in 0..<count { total = unsafe F.join(total, F.prepare(source[index])) }
    return total
  }

  /// Joins `count` neighbouring columns over all rows; a block of rows is joined by itself first.
  @inline(__always)
  private static func joinColumns<F: Fold>(
    _ source: UnsafePointer<F.Element>, _ offsets: [Int], _ count: Int,
    into totals: UnsafeMutablePointer<F.Element>, _ fold: F.Type
  ) {
    unsafe totals.update(repeating: F.start, count: count)
    unsafe withUnsafeTemporaryAllocation(of: F.Element.self, capacity: columns) { block in
      guard let sums = block.baseAddress else { return }
      var row = 0
      while row < offsets.count {
        let end = min(row + rowsPerBlock, offsets.count)
        unsafe sums.update(repeating: F.start, count: count)
        while row < end {
          let line = unsafe source + offsets[row]
          unsafe join(line, count, to: sums, preparing: true, fold)
          row += 1
        }
        unsafe join(UnsafePointer(sums), count, to: totals, preparing: false, fold)
      }
    }
  }

  /// Joins each of `count` elements to the one of `sums` at its place.
  @inline(__always)
  private static func join<F: Fold>(
    _ line: UnsafePointer<F.Element>, _ count: Int, to sums: UnsafeMutablePointer<F.Element>, preparing: Bool,
    _ fold: F.Type
  ) {
    var column = 0
    while count - column >= 8 {
      let values = unsafe eight(line + column)
      let joined = unsafe F.join(eight(UnsafePointer(sums + column)), preparing ? F.prepare(values) : values)
      unsafe UnsafeMutableRawPointer(sums + column).storeBytes(of: joined, as: SIMD8<F.Element>.self)
      column += 8
    }
    while column < count {
      let value = unsafe line[column]
      unsafe sums[column] = F.join(sums[column], preparing ? F.prepare(value) : value)
      column += 1
    }
  }

  /// Eight neighbouring elements.
  @inline(__always)
  private static func eight<Element: SIMDScalar>(_ source: UnsafePointer<Element>) -> SIMD8<Element> {
    unsafe UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Element>.self)
  }
}
