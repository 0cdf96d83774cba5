import Graphs
import Kernels
import Tensors

/// The gradients of convolutions by standard convolutions; maps of one axis count as maps of height 1.
extension GradientBuilder {
  /// The gradient of a convolution by its input: a convolution of the spaced gradient with turned kernels.
  ///
  ///     dx[b, c, i, j] = Σ(m, u, v) s[b, m, i + p − u · d, j + p − v · d] · w[m, c, u, v]
  ///
  /// s is dY with stride − 1 zeros behind each element. Shapes: dY [B, M, OH, OW], W [M, C/group, KH, KW] → [B, C, H, W].
  mutating func convolutionInputGradient(_ dY: String, _ w: String, _ geometry: ConvolutionGeometry)
    throws(OperatorError) -> String
  {
    let g = geometry
    let (kernel, output) = (g.kernelExtents, g.outputExtents)
    let spaced = try space(
      try reshape(dY, to: Shape([g.batch, g.groups * g.filters] + output)), by: [1, 1] + g.strides)
    // The last tap of the turned kernel meets the first input. Pads below zero remove what meets none.
    let before = (0..<2).map { (kernel[$0] - 1) * g.dilations[$0] - g.paddings[$0] }
    let after = (0..<2).map { g.inputExtents[$0] + g.paddings[$0] - output[$0] * g.strides[$0] }
    let padded = try pad(spaced, before: [0, 0] + before, after: [0, 0] + after)
    let grouped = try reshape(w, to: Shape([g.groups, g.filters, g.channels] + kernel))
    let exchanged = try reshape(
      try transpose(grouped, [0, 2, 1, 3, 4]), to: Shape([g.groups * g.channels, g.filters] + kernel))
    let turned = try reverse(exchanged, axes: [2, 3])
    return try emit(Conv(group: g.groups, dilations: g.dilations), [padded, turned])
  }

  /// The gradient of a convolution by its kernels: a convolution of the input with the gradient as kernels.
  ///
  ///     dw[m, c, u, v] = Σ(b, i, j) x[b, c, i · s + u · d − p, j · s + v · d − p] · dy[b, m, i, j]
  ///
  /// Images and channels exchange their places, and so do stride and dilation. Shapes: dY [B, M, OH, OW], X [B, C, H, W]
  /// → [M, C/group, KH, KW].
  mutating func convolutionWeightGradient(_ dY: String, _ x: String, _ geometry: ConvolutionGeometry)
    throws(OperatorError) -> String
  {
    let g = geometry
    let (kernel, output) = (g.kernelExtents, g.outputExtents)
    let grouped = try reshape(x, to: Shape([g.batch, g.groups, g.channels] + g.inputExtents))
    let maps = try reshape(
      try transpose(grouped, [2, 1, 0, 3, 4]), to: Shape([g.channels, g.groups * g.batch] + g.inputExtents))
    let kernels = try transpose(
      try reshape(dY, to: Shape([g.batch, g.groups * g.filters] + output)), [1, 0, 2, 3])
    // As far as the last tap of the last output reaches; a stride may leave more of the input than that.
    let after = (0..<2).map { axis in
      let end = (output[axis] - 1) * g.strides[axis] + (kernel[axis] - 1) * g.dilations[axis] + 1
      return max(end - g.inputExtents[axis] - g.paddings[axis], 0)
    }
    let convolution = Conv(
      group: g.groups, strides: g.dilations, dilations: g.strides, pads: g.paddings + after)
    let taps = try emit(convolution, [maps, kernels])
    let found = shape(taps)
    let kept = try pad(
      taps, before: [0, 0, 0, 0], after: [0, 0, kernel[0] - found[2], kernel[1] - found[3]])
    return try transpose(kept, [1, 0, 2, 3])
  }
}

extension ConvolutionGeometry {
  fileprivate var inputExtents: [Int] { [input.height, input.width] }
  fileprivate var kernelExtents: [Int] { [kernel.height, kernel.width] }
  fileprivate var outputExtents: [Int] { [output.height, output.width] }
  fileprivate var strides: [Int] { [stride.0, stride.1] }
  fileprivate var dilations: [Int] { [dilation.0, dilation.1] }
  fileprivate var paddings: [Int] { [padding.0, padding.1] }
}
