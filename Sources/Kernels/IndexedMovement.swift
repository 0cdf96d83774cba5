package import Tensors

/// Movements of elements whose positions are given by tables or by index tensors.
package enum IndexedMovement {
  /// Shows, at each position of the target, the element of the source that a table per axis names.
  ///
  ///     target[i, j, …] = source[tables[0][i], tables[1][j], …]
  package static func gather(_ source: TensorView, tables: [[Int]], into target: TensorView) {
    switch source.elementType.bitWidth {
    case 8: unsafe gather(source.words(UInt8.self), source.shape, tables, target.words(UInt8.self))
    case 16: unsafe gather(source.words(UInt16.self), source.shape, tables, target.words(UInt16.self))
    case 32: unsafe gather(source.words(UInt32.self), source.shape, tables, target.words(UInt32.self))
    default: unsafe gather(source.words(UInt64.self), source.shape, tables, target.words(UInt64.self))
    }
  }

  /// The adjoint of `gather(_:tables:into:)`: adds each element of the source to where a table per axis points.
  package static func scatterSum(_ source: TensorView, tables: [[Int]], into target: TensorView) {
    DataMovement.clear(target)
    switch source.elementType {
    case .float32: unsafe scatter(source.words(Float.self), target.shape, tables, target.words(Float.self))
    default: unsafe scatter(source.words(Double.self), target.shape, tables, target.words(Double.self))
    }
  }

  /// Sets the elements that lie at one of the listed positions along an axis, for any of the axes, to a number.
  package static func fill(_ target: TensorView, at positions: [[Int]], with value: Double) {
    guard positions.contains(where: { !$0.isEmpty }) else { return }
    switch target.elementType {
    case .float32: fill(target, positions, Float(value))
    case .float64: fill(target, positions, value)
    case .int64: fill(target, positions, Elementwise.saturating(value) as Int64)
    case .int32: fill(target, positions, Elementwise.saturating(value) as Int32)
    case .int8: fill(target, positions, Elementwise.saturating(value) as Int8)
    default: fill(target, positions, Elementwise.saturating(value) as UInt8)
    }
  }

  private static func fill<Element>(_ target: TensorView, _ positions: [[Int]], _ value: Element) {
    let (shape, elements) = unsafe (target.shape, target.words(Element.self))
    for (axis, listed) in positions.enumerated() {
      let inner = shape.product((axis + 1)..<shape.rank)
      for row in 0..<shape.product(0..<axis) {
        for position in listed {
          let start = unsafe elements + (row * shape[axis] + position) * inner
          unsafe start.update(repeating: value, count: inner)
        }
      }
    }
  }

  @inline(__always)
  private static func gather<Word: BitwiseCopyable>(
    _ source: UnsafeMutablePointer<Word>, _ shape: Shape, _ tables: [[Int]],
    _ target: UnsafeMutablePointer<Word>
  ) {
    forEachRow(shape, tables) { row, base, inner in
      let result = unsafe target + row * inner.count
      for index in inner.indices { unsafe result[index] = source[base + inner[index]] }
    }
  }

  @inline(__always)
  private static func scatter<Element: BinaryFloatingPoint>(
    _ source: UnsafeMutablePointer<Element>, _ shape: Shape, _ tables: [[Int]],
    _ target: UnsafeMutablePointer<Element>
  ) {
    forEachRow(shape, tables) { row, base, inner in
      let line = unsafe source + row * inner.count
      for index in inner.indices { unsafe target[base + inner[index]] += line[index] }
    }
  }

  /// Walks the rows of the indexed side: row number, first element of the row on the other side, innermost table.
  @inline(__always)
  private static func forEachRow(_ shape: Shape, _ tables: [[Int]], _ body: (Int, Int, [Int]) -> Void) {
    guard let inner = tables.last else {
      body(0, 0, [0])
      return
    }
    let outer = tables.dropLast().map(\.count)
    let strides = shape.strides
    for row in 0..<outer.reduce(1, *) {
      var remaining = row
      var base = 0
      for axis in outer.indices.reversed() {
        base += tables[axis][remaining % outer[axis]] * strides[axis]
        remaining /= outer[axis]
      }
      body(row, base, inner)
    }
  }
}

extension TensorView {
  /// First element, seen as a word of the element's size or as a number of its type.
  func words<Word>(_ type: Word.Type) -> UnsafeMutablePointer<Word> {
    unsafe pointer.assumingMemoryBound(to: Word.self)
  }
}
