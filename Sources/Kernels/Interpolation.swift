package import Tensors

/// Linear maps along one axis that mix a few neighbouring elements, forward and backward.
///
///     y[o, i, :] = Σ(t) weight[i][t] · x[o, index[i][t], :]
package struct Interpolation: Sendable {
  /// Extent before.
  package let sourceExtent: Int
  /// Elements read per result, and for each result their positions and weights.
  package let tapCount: Int
  package let indices: [Int]
  package let weights: [Double]
  /// For each element before the results that it is read for, ascending, and the weights; those of element i from `starts[i]` on.
  private let readers: (starts: [Int], results: [Int], weights: [Double])

  /// A map of an axis of `sourceExtent` elements; indices lie inside it.
  package init(sourceExtent: Int, tapCount: Int, indices: [Int], weights: [Double]) {
    precondition(indices.count == weights.count, "one weight per index")
    self.sourceExtent = sourceExtent
    self.tapCount = tapCount
    self.indices = indices
    self.weights = weights
    var starts = [Int](repeating: 0, count: sourceExtent + 1)
    for (tap, index) in indices.enumerated() where weights[tap] != 0 { starts[index + 1] += 1 }
    for index in 0..<sourceExtent { starts[index + 1] += starts[index] }
    var next = starts
    var results = [Int](repeating: 0, count: starts[sourceExtent])
    var factors = [Double](repeating: 0, count: starts[sourceExtent])
    for (tap, index) in indices.enumerated() where weights[tap] != 0 {
      (results[next[index]], factors[next[index]]) = (tap / tapCount, weights[tap])
      next[index] += 1
    }
    readers = (starts, results, factors)
  }

  /// Extent after.
  package var targetExtent: Int { indices.count / max(tapCount, 1) }

  /// Applies the map to the middle axis of [outer, sourceExtent, inner].
  package func apply(
    _ x: TensorView, outer: Int, inner: Int, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: apply(x, outer, inner, y, options, Float.self)
    default: apply(x, outer, inner, y, options, Double.self)
    }
  }

  /// Applies the transposed map to the middle axis of [outer, targetExtent, inner].
  package func applyTransposed(
    _ dY: TensorView, outer: Int, inner: Int, into dX: TensorView, _ options: KernelOptions
  ) {
    switch dX.elementType {
    case .float32: transposed(dY, outer, inner, dX, options, Float.self)
    default: transposed(dY, outer, inner, dX, options, Double.self)
    }
  }

  @inline(__always)
  private func apply<Element: BinaryFloatingPoint>(
    _ x: TensorView, _ outer: Int, _ inner: Int, _ y: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (source, target) = unsafe (x.words(type), y.words(type))
    forEachRange(outer * targetExtent, workPerItem: 2 * tapCount * inner, options) { range in
      for line in range {
        let (row, i) = (line / targetExtent, line % targetExtent)
        let result = unsafe target + line * inner
        unsafe result.update(repeating: 0, count: inner)
        for tap in (i * tapCount)..<((i + 1) * tapCount) where weights[tap] != 0 {
          let operand = unsafe source + (row * sourceExtent + indices[tap]) * inner
          let weight = Element(weights[tap])
          for j in 0..<inner { unsafe result[j] += weight * operand[j] }
        }
      }
    }
  }

  @inline(__always)
  private func transposed<Element: BinaryFloatingPoint>(
    _ dY: TensorView, _ outer: Int, _ inner: Int, _ dX: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (source, target) = unsafe (dY.words(type), dX.words(type))
    let reach = max(readers.results.count / max(sourceExtent, 1), 1)
    forEachRange(outer * sourceExtent, workPerItem: 2 * reach * inner, options) { range in
      for line in range {
        let (row, i) = (line / sourceExtent, line % sourceExtent)
        let result = unsafe target + line * inner
        unsafe result.update(repeating: 0, count: inner)
        for reader in readers.starts[i]..<readers.starts[i + 1] {
          let operand = unsafe source + (row * targetExtent + readers.results[reader]) * inner
          let weight = Element(readers.weights[reader])
          for j in 0..<inner { unsafe result[j] += weight * operand[j] }
        }
      }
    }
  }
}
