package import Tensors

extension Normalization {
  /// y = (x − mean) · scale / √(variance + ε) + bias, one of each per channel; y may be x.
  package static func batchNorm(
    _ x: TensorView, scale: TensorView, bias: TensorView, mean: TensorView, variance: TensorView,
    epsilon: Float, into y: TensorView
  ) {
    switch x.elementType {
    case .float32: batchNorm(x, scale, bias, mean, variance, epsilon, y)
    default: batchNorm(x, scale, bias, mean, variance, Double(epsilon), y)
    }
  }

  @inline(__always)
  private static func batchNorm<Element: BinaryFloatingPoint>(
    _ x: TensorView, _ scale: TensorView, _ bias: TensorView, _ mean: TensorView, _ variance: TensorView,
    _ epsilon: Element, _ y: TensorView
  ) {
    let channels = scale.count
    let size = x.shape.product(2..<x.shape.rank)
    for map in 0..<(x.shape.extents[0] * channels) {
      let channel = map % channels
      let (average, spread) = unsafe (
        mean.words(Element.self)[channel], variance.words(Element.self)[channel]
      )
      let factor = unsafe scale.words(Element.self)[channel] / (spread + epsilon).squareRoot()
      let shift = unsafe bias.words(Element.self)[channel]
      let source = unsafe x.words(Element.self) + map * size
      let target = unsafe y.words(Element.self) + map * size
      for i in 0..<size { unsafe target[i] = (source[i] - average) * factor + shift }
    }
  }
}
