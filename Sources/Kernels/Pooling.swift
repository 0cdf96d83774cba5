package import Tensors

/// Means and maxima over positions of maps.
package enum Pooling {
  /// y[b, c] = mean of x[b, c, …], summed in eight lanes.
  package static func globalMean(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: globalMean(x, y, options, SIMD8<Float>.self)
    default: globalMean(x, y, options, SIMD8<Double>.self)
    }
  }

  @inline(__always)
  private static func globalMean<Lanes: SIMD>(
    _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ lanes: Lanes.Type
  ) where Lanes.Scalar: BinaryFloatingPoint {
    let count = x.shape.product(2..<x.shape.rank)
    let (source, target) = unsafe (x.words(Lanes.Scalar.self), y.words(Lanes.Scalar.self))
    forEachRange(y.count, workPerItem: count, options) { maps in
      for map in maps {
        let sum = Normalization.lanesum(count, lanes) { unsafe source[map * count + $0] }
        unsafe target[map] = sum / Lanes.Scalar(count)
      }
    }
  }
}
