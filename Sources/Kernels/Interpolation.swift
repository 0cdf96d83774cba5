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

  /// A map of an axis of `sourceExtent` elements; indices lie inside it.
  package init(sourceExtent: Int, tapCount: Int, indices: [Int], weights: [Double]) {
    precondition(indices.count == weights.count, "one weight per index")
    self.sourceExtent = sourceExtent
    self.tapCount = tapCount
    self.indices = indices
    self.weights = weights
  }

  /// Extent after.
  package var targetExtent: Int { indices.count / max(tapCount, 1) }

  /// Applies the map to the middle axis of [outer, sourceExtent, inner].
  package func apply(_ x: TensorView, outer: Int, inner: Int, into y: TensorView) {
    switch x.elementType {
    case .float32: apply(x, outer, inner, y, Float.self)
    default: apply(x, outer, inner, y, Double.self)
    }
  }

  /// Applies the transposed map to the middle axis of [outer, targetExtent, inner].
  package func applyTransposed(_ dY: TensorView, outer: Int, inner: Int, into dX: TensorView) {
    DataMovement.clear(dX)
    switch dX.elementType {
    case .float32: transposed(dY, outer, inner, dX, Float.self)
    default: transposed(dY, outer, inner, dX, Double.self)
    }
  }

  @inline(__always)
  private func apply<Element: BinaryFloatingPoint>(
    _ x: TensorView, _ outer: Int, _ inner: Int, _ y: TensorView, _ type: Element.Type
  ) {
    for row in 0..<outer {
      for i in 0..<targetExtent {
        let target = unsafe y.words(type) + (row * targetExtent + i) * inner
        unsafe target.update(repeating: 0, count: inner)
        for tap in (i * tapCount)..<((i + 1) * tapCount) where weights[tap] != 0 {
          let source = unsafe x.words(type) + (row * sourceExtent + indices[tap]) * inner
          let weight = Element(weights[tap])
          for j in 0..<inner { unsafe target[j] += weight * source[j] }
        }
      }
    }
  }

  @inline(__always)
  private func transposed<Element: BinaryFloatingPoint>(
    _ dY: TensorView, _ outer: Int, _ inner: Int, _ dX: TensorView, _ type: Element.Type
  ) {
    for row in 0..<outer {
      for i in 0..<targetExtent {
        let source = unsafe dY.words(type) + (row * targetExtent + i) * inner
        for tap in (i * tapCount)..<((i + 1) * tapCount) where weights[tap] != 0 {
          let target = unsafe dX.words(type) + (row * sourceExtent + indices[tap]) * inner
          let weight = Element(weights[tap])
          for j in 0..<inner { unsafe target[j] += weight * source[j] }
        }
      }
    }
  }
}
