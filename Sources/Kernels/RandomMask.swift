package import Tensors

/// Random masks that are a pure function of a key and the element's index, so that they can be made again.
package enum RandomMask {
  /// y = x / (1 − ratio) where the element is kept, else 0; `mask` receives which are kept.
  package static func drop(
    _ x: TensorView, ratio: Double, key: Random, into y: TensorView, mask: TensorView?,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: drop(x, ratio, key, y, mask, options, Float.self)
    default: drop(x, ratio, key, y, mask, options, Double.self)
    }
  }

  private static func drop<Real: RealNumber>(
    _ x: TensorView, _ ratio: Double, _ key: Random, _ y: TensorView, _ mask: TensorView?,
    _ options: KernelOptions, _ type: Real.Type
  ) {
    let source = unsafe x.buffer(of: Real.self)
    let target = unsafe y.buffer(of: Real.self)
    let kept = unsafe mask?.truthBytes.buffer(of: UInt8.self)
    let scale = ratio < 1 ? Real(1 / (1 - ratio)) : 0
    forEachRange(x.count, workPerItem: 4, options) { range in
      for index in range {
        var random = Random(key: key.key, counter: UInt64(index))
        let isKept = random.uniform() >= ratio
        unsafe target[index] = isKept ? source[index] * scale : 0
        unsafe kept?[index] = isKept ? 1 : 0
      }
    }
  }
}
