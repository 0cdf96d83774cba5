import Graphs
import Kernels
import Tensors

/// The gradients of convolutions by standard convolutions of as many axes.
extension GradientBuilder {
  /// The gradient of a convolution by its input: a convolution of the spaced gradient with turned kernels.
  ///
  ///     dx[b, c, h, …] = Σ(m, u, …) s[b, m, h + p − u · d, …] · w[m, c, u, …]
  ///
  /// s is dY with stride − 1 zeros behind each element. Shapes: dY [B, M, o…], W [M, C/group, k…] → [B, C, n…].
  mutating func convolutionInputGradient(_ dY: String, _ w: String, _ geometry: ConvolutionGeometry)
    throws(OperatorError) -> String
  {
    let g = geometry
    let kernel = g.axes.map(\.kernel)
    let spaced = try space(dY, by: [1, 1] + g.axes.map(\.stride))
    // The last tap of the turned kernel meets the first input. Pads below zero remove what meets none.
    let before = g.axes.map { ($0.kernel - 1) * $0.dilation - $0.padding }
    let after = g.axes.map { $0.input + $0.padding - $0.output * $0.stride }
    let padded = try pad(spaced, before: [0, 0] + before, after: [0, 0] + after)
    let grouped = try reshape(w, to: Shape([g.groups, g.filters, g.channels] + kernel))
    let exchanged = try reshape(
      try transpose(grouped, [0, 2, 1] + g.spatialAxes(from: 3)),
      to: Shape([g.groups * g.channels, g.filters] + kernel))
    let turned = try reverse(exchanged, axes: g.spatialAxes(from: 2))
    return try emit(Conv(group: g.groups, dilations: g.axes.map(\.dilation)), [padded, turned])
  }

  /// The gradient of a convolution by its kernels: a convolution of the input with the gradient as kernels.
  ///
  ///     dw[m, c, u, …] = Σ(b, i, …) x[b, c, i · s + u · d − p, …] · dy[b, m, i, …]
  ///
  /// Images and channels exchange their places, and so do stride and dilation. Shapes: dY [B, M, o…], X [B, C, n…]
  /// → [M, C/group, k…].
  mutating func convolutionWeightGradient(_ dY: String, _ x: String, _ geometry: ConvolutionGeometry)
    throws(OperatorError) -> String
  {
    let g = geometry
    let input = g.axes.map(\.input)
    let exchange = [1, 0] + g.spatialAxes(from: 2)
    let grouped = try reshape(x, to: Shape([g.batch, g.groups, g.channels] + input))
    let maps = try reshape(
      try transpose(grouped, [2, 1, 0] + g.spatialAxes(from: 3)),
      to: Shape([g.channels, g.groups * g.batch] + input))
    let kernels = try transpose(dY, exchange)
    // As far as the last tap of the last output reaches; a stride may leave more of the input than that.
    let after = g.axes.map { axis in
      let end = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
      return max(end - axis.input - axis.padding, 0)
    }
    let convolution = Conv(
      group: g.groups, strides: g.axes.map(\.dilation), dilations: g.axes.map(\.stride),
      pads: g.axes.map(\.padding) + after)
    let taps = try emit(convolution, [maps, kernels])
    let found = shape(taps).extents[2...]
    let kept = try pad(
      taps, before: exchange.map { _ in 0 }, after: [0, 0] + zip(g.axes, found).map { $0.kernel - $1 })
    return try transpose(kept, exchange)
  }
}

extension ConvolutionGeometry {
  /// The maps' axes in a shape in which the first of them is axis `first`.
  fileprivate func spatialAxes(from first: Int) -> [Int] { Array(first..<first + axes.count) }
}
