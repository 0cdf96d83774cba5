import Tensors

/// Convolution of maps whose channels lie side by side in plain loops: what Float64 runs, and the reference for products.
enum ChannelsLastReference {
  /// y of x in Float64.
  static func forward(
    _ x: TensorView, _ w: TensorView, bias: TensorView?, residual: TensorView?,
    _ activation: ProductActivation,
    _ g: ConvolutionGeometry, into y: TensorView
  ) {
    let (x, w) = unsafe (x.buffer(of: Double.self), w.buffer(of: Double.self))
    let (bias, residual) = unsafe (bias?.buffer(of: Double.self), residual?.buffer(of: Double.self))
    let y = unsafe y.buffer(of: Double.self)
    unsafe y.update(repeating: 0)
    forEachProduct(g) { source, kernel, result in unsafe y[result] += x[source] * w[kernel] }
    let filters = g.groups * g.filters
    for i in y.indices {
      var sum = unsafe y[i]
      if let bias = unsafe bias { unsafe sum += bias[i % filters] }
      if activation == .gelu { sum = activation.applied(to: sum) }
      if let residual = unsafe residual { unsafe sum += residual[i] }
      unsafe y[i] = activation == .gelu ? sum : activation.applied(to: sum)
    }
  }

  /// dx of dy in Float64.
  static func inputGradient(_ dY: TensorView, _ w: TensorView, _ g: ConvolutionGeometry, into dX: TensorView)
  {
    let (dY, w) = unsafe (dY.buffer(of: Double.self), w.buffer(of: Double.self))
    let dX = unsafe dX.buffer(of: Double.self)
    unsafe dX.update(repeating: 0)
    forEachProduct(g) { source, kernel, result in unsafe dX[source] += dY[result] * w[kernel] }
  }

  /// dw of dy and x in Float64.
  static func weightGradient(_ dY: TensorView, _ x: TensorView, _ g: ConvolutionGeometry, into dW: TensorView)
  {
    let (dY, x) = unsafe (dY.buffer(of: Double.self), x.buffer(of: Double.self))
    let dW = unsafe dW.buffer(of: Double.self)
    unsafe dW.update(repeating: 0)
    forEachProduct(g) { source, kernel, result in unsafe dW[kernel] += dY[result] * x[source] }
  }

  /// Every product of the convolution: where its elements of x, w and y lie.
  private static func forEachProduct(_ g: ConvolutionGeometry, _ body: (Int, Int, Int) -> Void) {
    let (channels, filters) = (g.groups * g.channels, g.groups * g.filters)
    for image in 0..<g.batch {
      for u in 0..<g.height.kernel {
        let rows = g.height.reached(by: u)
        for v in 0..<g.width.kernel {
          let columns = g.width.reached(by: v)
          for i in rows.outputs {
            let line = (image * g.height.input + i * g.height.stride + rows.offset) * g.width.input
            for j in columns.outputs {
              let source = (line + j * g.width.stride + columns.offset) * channels
              let result = ((image * g.height.output + i) * g.width.output + j) * filters
              for filter in 0..<filters {
                let group = filter / g.filters
                for c in 0..<g.channels {
                  body(
                    source + group * g.channels + c,
                    (filter * g.channels + c) * g.tapCount + u * g.width.kernel + v,
                    result + filter)
                }
              }
            }
          }
        }
      }
    }
  }
}
