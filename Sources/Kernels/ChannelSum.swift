package import Tensors

/// Adding one number per channel to maps.
package enum ChannelSum {
  /// Adds in place: y[b, c, …] += bias[c].
  package static func add(_ bias: TensorView, to y: TensorView, _ options: KernelOptions) {
    switch y.elementType {
    case .float32: add(bias, y, options, Float.self)
    default: add(bias, y, options, Double.self)
    }
  }

  @inline(__always)
  private static func add<Element: BinaryFloatingPoint>(
    _ bias: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let channels = bias.count
    let size = y.shape.product(2..<y.shape.rank)
    let (values, maps) = unsafe (bias.words(type), y.words(type))
    forEachRange(y.shape.extents[0] * channels, workPerItem: size, options) { range in
      for map in range {
        let line = unsafe maps + map * size
        let value = unsafe values[map % channels]
        for i in 0..<size { unsafe line[i] += value }
      }
    }
  }
}
