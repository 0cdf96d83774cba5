import Glibc
package import Tensors

/// Copies and rearrangements of elements of any fixed size.
package enum DataMovement {
  /// Copies all bytes of one view into another of the same size.
  package static func copy(_ source: TensorView, into target: TensorView) {
    target.copyBytes(from: source)
  }

  /// Elements of a view that a first element and a stride per axis address.
  ///
  /// Strides may be negative, or zero for an axis that repeats.
  package struct Block: Sendable {
    package let offset: Int
    package let strides: [Int]

    /// A block, by the position of its first element and its strides in elements.
    package init(offset: Int = 0, strides: [Int]) {
      self.offset = offset
      self.strides = strides
    }
  }

  /// Copies a block of elements of one view to a block of another.
  ///
  /// Both blocks have the given extents and lie inside their views; the views don't overlap.
  package static func copy(
    _ source: TensorView, _ from: Block, into target: TensorView, _ to: Block, extents: [Int],
    _ options: KernelOptions
  ) {
    StridedCopy(from, to, extents: extents).run(source, into: target, options)
  }

  /// Sets every element to the first of `value`.
  package static func fill(_ target: TensorView, with value: TensorView) {
    let rank = max(target.shape.rank, 1)
    copy(
      value, Block(strides: [Int](repeating: 0, count: rank)), into: target,
      Block(strides: target.shape.rank == 0 ? [1] : target.shape.strides),
      extents: target.shape.rank == 0 ? [1] : target.shape.extents,
      KernelOptions(threads: 1, level: .portable))
  }

  /// Sets every byte to zero, which is the number zero in every type that kernels compute with.
  package static func clear(_ target: TensorView) {
    unsafe memset(target.pointer, 0, target.byteCount)
  }

}

/// A copy of a block of elements to a block of another view, with its loops worked out.
package struct StridedCopy: Sendable {
  private let from: Int
  private let to: Int
  /// Nil where there is nothing to copy.
  private let loop: StridedLoop?

  /// The copy between two blocks, both of the given extents.
  package init(_ from: DataMovement.Block, _ to: DataMovement.Block, extents: [Int]) {
    self.from = from.offset
    self.to = to.offset
    loop =
      extents.contains(0)
      ? nil : StridedLoop(extents: extents, source: from.strides, target: to.strides)
  }

  /// Copies; both blocks lie inside their views, and the views don't overlap.
  package func run(_ source: TensorView, into target: TensorView, _ options: KernelOptions) {
    guard let loop else { return }
    switch source.elementType.bitWidth {
    case 8: unsafe copy(loop, source.words(UInt8.self), target.words(UInt8.self), options)
    case 16: unsafe copy(loop, source.words(UInt16.self), target.words(UInt16.self), options)
    case 32: unsafe copy(loop, source.words(UInt32.self), target.words(UInt32.self), options)
    case 64: unsafe copy(loop, source.words(UInt64.self), target.words(UInt64.self), options)
    default: preconditionFailure("\(source.elementType.name) is no element type that kernels move")
    }
  }

  @inline(__always)
  private func copy<Word: BitwiseCopyable>(
    _ loop: StridedLoop, _ source: UnsafeMutablePointer<Word>, _ target: UnsafeMutablePointer<Word>,
    _ options: KernelOptions
  ) {
    let parts = loop.partCount(options)
    parallelFor(parts, threads: options.threads) { part, _ in
      let (rows, fromStart, toStart) = loop.part(part, of: parts)
      unsafe Self.copy(rows, source + from + fromStart, target + to + toStart)
    }
  }

  @inline(__always)
  private static func copy<Word: BitwiseCopyable>(
    _ loop: StridedLoop, _ source: UnsafeMutablePointer<Word>, _ target: UnsafeMutablePointer<Word>
  ) {
    let inner = loop.inner
    if inner.source == 1 && inner.target == 1 {
      let bytes = inner.extent * MemoryLayout<Word>.stride
      loop.forEachRow { from, to in unsafe memcpy(target + to, source + from, bytes) }
    } else if let column = loop.sourceContiguousAxis {
      unsafe transpose(loop, column, source, target)
    } else {
      loop.forEachRow { from, to in
        for index in 0..<inner.extent {
          unsafe target[to + index * inner.target] = source[from + index * inner.source]
        }
      }
    }
  }

  /// Copies where another axis than the innermost is contiguous in the source, in tiles of one cache line by eight.
  ///
  /// More lines at once would displace each other where their distance is a multiple of a page.
  @inline(__always)
  private static func transpose<Word: BitwiseCopyable>(
    _ loop: StridedLoop, _ column: Int, _ source: UnsafeMutablePointer<Word>,
    _ target: UnsafeMutablePointer<Word>
  ) {
    let (height, width) = (16, 8)
    let rows = loop.axes[column]
    let inner = loop.inner
    loop.removing(column).forEachRow { from, to in
      for top in stride(from: 0, to: rows.extent, by: height) {
        let bottom = min(top + height, rows.extent)
        for left in stride(from: 0, to: inner.extent, by: width) {
          let right = min(left + width, inner.extent)
          for row in top..<bottom {
            let line = unsafe source + (from + row)
            let result = unsafe target + (to + row * rows.target)
            for index in left..<right {
              unsafe result[index * inner.target] = line[index * inner.source]
            }
          }
        }
      }
    }
  }
}

/// The loops of a strided copy: axes of extent one dropped, axes that follow each other merged.
struct StridedLoop: Sendable {
  /// One loop, with the distance of its steps in source and target.
  struct Axis: Sendable {
    var extent: Int
    var source: Int
    var target: Int
  }

  /// Outermost first; never empty.
  private(set) var axes: [Axis]

  /// Loops over the given extents, none of which is zero.
  init(extents: [Int], source: [Int], target: [Int]) {
    axes = []
    for index in extents.indices where extents[index] != 1 {
      let next = Axis(extent: extents[index], source: source[index], target: target[index])
      if let last = axes.last, last.source == next.source * next.extent,
        last.target == next.target * next.extent
      {
        axes[axes.count - 1] = Axis(
          extent: last.extent * next.extent, source: next.source, target: next.target)
      } else {
        axes.append(next)
      }
    }
    if axes.isEmpty { axes = [Axis(extent: 1, source: 1, target: 1)] }
  }

  /// Parts into which the outermost loop is cut, each of some 32,768 elements or more.
  func partCount(_ options: KernelOptions) -> Int {
    guard options.threads > 1, axes.count > 1 else { return 1 }
    let count = axes.reduce(1) { $0 * $1.extent }
    return max(1, min(count / 32_768, options.threads * 4, axes[0].extent))
  }

  /// One part: its loops, and the offsets of its first element.
  func part(_ part: Int, of parts: Int) -> (loop: StridedLoop, source: Int, target: Int) {
    guard parts > 1 else { return (self, 0, 0) }
    let range = evenPart(part, of: parts, count: axes[0].extent)
    var result = self
    result.axes[0].extent = range.count
    return (result, range.lowerBound * axes[0].source, range.lowerBound * axes[0].target)
  }

  /// The innermost loop.
  var inner: Axis { axes[axes.count - 1] }

  /// An outer axis along which the source is contiguous.
  var sourceContiguousAxis: Int? { axes.dropLast().firstIndex { $0.source == 1 } }

  /// The loops without one of the outer ones.
  func removing(_ axis: Int) -> StridedLoop {
    var result = self
    result.axes.remove(at: axis)
    return result
  }

  /// Calls `body` with the offsets in source and target of every innermost loop, in order.
  @inline(__always)
  func forEachRow(_ body: (Int, Int) -> Void) {
    let outer = Array(axes.dropLast())
    guard let last = outer.last else {
      body(0, 0)
      return
    }
    var counters = [Int](repeating: 0, count: outer.count)
    var from = 0
    var to = 0
    while true {
      for index in 0..<last.extent { body(from + index * last.source, to + index * last.target) }
      var axis = outer.count - 2
      while axis >= 0 {
        counters[axis] += 1
        from += outer[axis].source
        to += outer[axis].target
        if counters[axis] < outer[axis].extent { break }
        from -= outer[axis].source * outer[axis].extent
        to -= outer[axis].target * outer[axis].extent
        counters[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
