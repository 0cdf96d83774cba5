package import Tensors

/// Adding one number per channel to maps.
package enum ChannelSum {
  /// Adds in place: y[b, c, …] += bias[c].
  package static func add(_ bias: TensorView, to y: TensorView) {
    switch y.elementType {
    case .float32: add(bias, y, Float.self)
    default: add(bias, y, Double.self)
    }
  }

  @inline(__always)
  private static func add<Element: BinaryFloatingPoint>(
    _ bias: TensorView, _ y: TensorView, _ type: Element.Type
  ) {
    let channels = bias.count
    let size = y.shape.product(2..<y.shape.rank)
    let values = unsafe bias.words(type)
    for map in 0..<(y.shape.extents[0] * channels) {
      let line = unsafe y.words(type) + map * size
      let value = unsafe values[map % channels]
      for i in 0..<size { unsafe line[i] += value }
    }
  }
}
