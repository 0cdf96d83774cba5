package import Tensors

/// Linear maps along one axis that mix a few neighbouring elements, forward and backward.
///
///     y[o, i, :] = Σ(t) weight[i][t] · x[o, index[i][t], :]
package struct Interpolation: Sendable {
  /// For each result the positions of the elements that it is read from, one after the other.
  package let indices: [Int]
  /// Elements that a result mixes.
  private let taps: SparseRows
  /// Results that an element is mixed into, ascending.
  private let readers: SparseRows

  /// A map of an axis of `sourceExtent` elements with `tapCount` of them per result; indices lie inside it.
  package init(sourceExtent: Int, tapCount: Int, indices: [Int], weights: [Double]) {
    precondition(indices.count == weights.count, "one weight per index")
    self.indices = indices
    let entries = indices.indices.filter { weights[$0] != 0 }.map {
      SparseRows.Entry(row: $0 / tapCount, column: indices[$0], weight: weights[$0])
    }
    taps = SparseRows(
      entries, rowCount: indices.count / max(tapCount, 1), columnCount: sourceExtent)
    readers = SparseRows(
      entries.map { SparseRows.Entry(row: $0.column, column: $0.row, weight: $0.weight) },
      rowCount: sourceExtent, columnCount: taps.rowCount)
  }

  /// Applies the map to the middle axis of [outer, extent before, inner].
  package func apply(
    _ x: TensorView, outer: Int, inner: Int, into y: TensorView, _ options: KernelOptions
  ) { taps.apply(x, outer: outer, inner: inner, into: y, options) }

  /// Applies the transposed map to the middle axis of [outer, extent after, inner].
  package func applyTransposed(
    _ dY: TensorView, outer: Int, inner: Int, into dX: TensorView, _ options: KernelOptions
  ) { readers.apply(dY, outer: outer, inner: inner, into: dX, options) }
}

/// A matrix of which few elements are not zero, row by row.
private struct SparseRows: Sendable {
  struct Entry {
    let row: Int
    let column: Int
    let weight: Double
  }

  let rowCount: Int
  private let columnCount: Int
  /// The elements of row i stand from `starts[i]` on.
  private let starts: [Int]
  private let columns: [Int]
  private let weights: [Double]

  /// The matrix of the entries, those of a row in their order.
  init(_ entries: [Entry], rowCount: Int, columnCount: Int) {
    (self.rowCount, self.columnCount) = (rowCount, columnCount)
    var starts = [Int](repeating: 0, count: rowCount + 1)
    for entry in entries { starts[entry.row + 1] += 1 }
    for row in 0..<rowCount { starts[row + 1] += starts[row] }
    var next = starts
    var columns = [Int](repeating: 0, count: entries.count)
    var weights = [Double](repeating: 0, count: entries.count)
    for entry in entries {
      (columns[next[entry.row]], weights[next[entry.row]]) = (entry.column, entry.weight)
      next[entry.row] += 1
    }
    (self.starts, self.columns, self.weights) = (starts, columns, weights)
  }

  /// Multiplies the middle axis of [outer, columnCount, inner], which becomes [outer, rowCount, inner].
  func apply(
    _ x: TensorView, outer: Int, inner: Int, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: apply(x, outer, inner, y, options, Float.self)
    default: apply(x, outer, inner, y, options, Double.self)
    }
  }

  @inline(__always)
  private func apply<Element: BinaryFloatingPoint>(
    _ x: TensorView, _ outer: Int, _ inner: Int, _ y: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (source, target) = unsafe (x.words(type), y.words(type))
    let factors = weights.map { Element($0) }
    let reach = max(factors.count / max(rowCount, 1), 1)
    forEachRange(outer * rowCount, workPerItem: 2 * reach * inner, options) { lines in
      var line = lines.lowerBound
      while line < lines.upperBound {
        let (slice, first) = line.quotientAndRemainder(dividingBy: rowCount)
        let rows = first..<min(rowCount, first + lines.upperBound - line)
        let operand = unsafe source + slice * columnCount * inner
        let result = unsafe target + line * inner
        if inner == 1 {
          unsafe mixElements(operand, factors, rows, result)
        } else {
          unsafe mixVectors(operand, inner, factors, rows, result)
        }
        line += rows.count
      }
    }
  }

  /// Rows times one element per column.
  @inline(__always)
  private func mixElements<Element: BinaryFloatingPoint>(
    _ operand: UnsafeMutablePointer<Element>, _ factors: [Element], _ rows: Range<Int>,
    _ result: UnsafeMutablePointer<Element>
  ) {
    unsafe starts.withUnsafeBufferPointer { starts in
      unsafe columns.withUnsafeBufferPointer { columns in
        unsafe factors.withUnsafeBufferPointer { factors in
          for (position, row) in rows.enumerated() {
            let (first, end) = unsafe (starts[row], starts[row + 1])
            var sum: Element = 0
            // Linear interpolation has two everywhere, which need no loop.
            if end - first == 2 {
              unsafe sum += factors[first] * operand[columns[first]]
              unsafe sum += factors[first + 1] * operand[columns[first + 1]]
            } else {
              for entry in first..<end { unsafe sum += factors[entry] * operand[columns[entry]] }
            }
            unsafe result[position] = sum
          }
        }
      }
    }
  }

  /// Rows times `inner` elements per column.
  @inline(__always)
  private func mixVectors<Element: BinaryFloatingPoint>(
    _ operand: UnsafeMutablePointer<Element>, _ inner: Int, _ factors: [Element], _ rows: Range<Int>,
    _ result: UnsafeMutablePointer<Element>
  ) {
    for (position, row) in rows.enumerated() {
      let sums = unsafe result + position * inner
      unsafe sums.update(repeating: 0, count: inner)
      for entry in starts[row]..<starts[row + 1] {
        let (factor, values) = unsafe (factors[entry], operand + columns[entry] * inner)
        for j in 0..<inner { unsafe sums[j] += factor * values[j] }
      }
    }
  }
}
