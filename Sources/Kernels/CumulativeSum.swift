package import Tensors

/// Running sums along an axis.
package enum CumulativeSum {
  /// y[o, i, :] = Σ x[o, j, :] over the j up to i; y may be x.
  ///
  /// Shapes: x and y [outer, extent, inner].
  package static func run(
    _ x: TensorView, outer: Int, extent: Int, inner: Int, isExclusive: Bool, isReversed: Bool,
    into y: TensorView, _ options: KernelOptions
  ) {
    let walk = Walk(
      outer: outer, extent: extent, inner: inner, isExclusive: isExclusive, isReversed: isReversed)
    switch x.elementType {
    case .float32: walk.run(x, y, options, Float.self) { $0 + $1 }
    case .float64: walk.run(x, y, options, Double.self) { $0 + $1 }
    case .int64: walk.run(x, y, options, Int64.self) { $0 &+ $1 }
    default: walk.run(x, y, options, Int32.self) { $0 &+ $1 }
    }
  }

  private struct Walk {
    let outer: Int
    let extent: Int
    let inner: Int
    let isExclusive: Bool
    let isReversed: Bool

    @inline(__always)
    func run<Element: Scalar & Numeric>(
      _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Element.Type,
      _ add: (Element, Element) -> Element
    ) {
      let source = unsafe x.buffer(of: type)
      let target = unsafe y.buffer(of: type)
      forEachRange(outer * inner, workPerItem: extent, options) { range in
        for index in range {
          var place = index / inner * extent * inner + index % inner
          if isReversed { place += (extent - 1) * inner }
          var sum: Element = 0
          for _ in 0..<extent {
            let next = unsafe add(sum, source[place])
            unsafe target[place] = isExclusive ? sum : next
            sum = next
            place += isReversed ? -inner : inner
          }
        }
      }
    }
  }
}
