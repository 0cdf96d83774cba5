package import Tensors

/// Where the largest or smallest element stands along an axis.
package enum ExtremePosition {
  /// Positions of the largest or smallest elements of the middle axis of [outer, extent, inner].
  ///
  /// The first of equal ones unless `last`. The first element that is no number is taken for both extremes.
  package static func find(
    _ x: TensorView, outer: Int, extent: Int, inner: Int, isLargest: Bool, last: Bool, into y: TensorView,
    _ options: KernelOptions
  ) {
    let search = Search(outer: outer, extent: extent, inner: inner, isLargest: isLargest, last: last)
    switch x.elementType {
    case .float32: search.find(x, y, options, Float.self)
    case .float64: search.find(x, y, options, Double.self)
    case .int64: search.find(x, y, options, Int64.self)
    case .int32: search.find(x, y, options, Int32.self)
    case .int8: search.find(x, y, options, Int8.self)
    default: search.find(x, y, options, UInt8.self)
    }
  }

  private struct Search {
    let outer: Int
    let extent: Int
    let inner: Int
    let isLargest: Bool
    let last: Bool

    @inline(__always)
    func find<Element: Scalar & Comparable>(
      _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Element.Type
    ) {
      let source = unsafe x.buffer(of: type)
      let target = unsafe y.buffer(of: Int64.self)
      forEachRange(outer * inner, workPerItem: extent, options) { range in
        for index in range {
          let start = index / inner * extent * inner + index % inner
          var best = unsafe source[start]
          var position = 0
          for step in 1..<max(extent, 1) {
            let value = unsafe source[start + step * inner]
            let isBetter = isLargest ? value > best : value < best
            // Only what is no number differs from itself.
            guard isBetter || last && value == best || value != value && best == best else { continue }
            best = value
            position = step
          }
          unsafe target[index] = Int64(position)
        }
      }
    }
  }
}
