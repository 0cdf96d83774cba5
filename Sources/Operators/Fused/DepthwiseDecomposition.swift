import Graphs
import Kernels
import Tensors

/// The depthwise pairs and their gradients by standard convolutions, one per kernel.
extension DepthwisePairComputation {
  /// Y = X ∗ large + X ∗ small, on the map's tokens where operands are tokens.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let maps = try maps(of: node.inputs[0], into: &builder)
    var parts: [String] = []
    for index in kernels(of: node) {
      let geometry = geometry(builder.shape(maps), node, index, builder)
      let padding = geometry.axes.map(\.padding)
      let convolution = Conv(
        group: geometry.groups, dilations: geometry.axes.map(\.dilation), pads: padding + padding)
      parts.append(try builder.emit(convolution, [maps, node.inputs[index]]))
    }
    let sum = try sum(parts, into: &builder)
    return [try tokens(of: sum, behindPrefixOf: node.inputs[0], into: &builder)]
  }

  /// dX is the sum over both kernels, dlarge and dsmall stand apart.
  func gradientDecomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    func wants(_ index: Int) -> Bool { index < node.outputs.count && !node.outputs[index].isEmpty }
    let dY = try maps(of: node.inputs[3], into: &builder)
    let shape = builder.shape(dY)
    var results = ["", "", ""]
    if wants(0) {
      var parts: [String] = []
      for index in kernels(of: node) {
        parts.append(
          try builder.convolutionInputGradient(
            dY, node.inputs[index], geometry(shape, node, index, builder)))
      }
      let sum = try sum(parts, into: &builder)
      results[0] = try tokens(of: sum, behindPrefixOf: node.inputs[3], into: &builder)
    }
    guard wants(1) || wants(2) else { return results }
    let x = try maps(of: node.inputs[0], into: &builder)
    for index in kernels(of: node) where wants(index) {
      results[index] = try builder.convolutionWeightGradient(dY, x, geometry(shape, node, index, builder))
    }
    return results
  }

  /// Operands that are kernels.
  private func kernels(of node: LoweredNode) -> [Int] { node.input(2) == nil ? [1] : [1, 2] }

  private func sum(_ parts: [String], into builder: inout GradientBuilder) throws(OperatorError) -> String {
    parts.count == 1 ? parts[0] : try builder.emit(Add(), parts)
  }

  /// The convolution of maps [B, C, H, W] with one of both kernels, operand 1 or 2.
  private func geometry(_ maps: Shape, _ node: LoweredNode, _ index: Int, _ builder: GradientBuilder)
    -> ConvolutionGeometry
  {
    let extent = builder.shape(node.inputs[index])[2]
    let dilation = index == 1 ? form.largeDilation : form.smallDilation
    let padding = (extent - 1) / 2 * dilation
    return ConvolutionGeometry(
      batch: maps[0], groups: maps[1], channels: 1, filters: 1,
      axes: maps.extents[2...].map {
        ConvolutionAxis(input: $0, kernel: extent, output: $0, dilation: dilation, padding: padding)
      })
  }

  /// Tokens [B, prefix + H · W, C] behind the prefix as maps [B, C, H, W]; maps as they are.
  private func maps(of value: String, into builder: inout GradientBuilder) throws(OperatorError) -> String {
    guard let grid = form.grid else { return value }
    let shape = builder.shape(value)
    let tokens = try builder.pad(value, before: [0, -form.prefix, 0], after: [0, 0, 0])
    return try builder.reshape(
      try builder.transpose(tokens, [0, 2, 1]), to: Shape([shape[0], shape[2], grid.height, grid.width]))
  }

  /// Maps [B, C, H, W] as tokens [B, prefix + H · W, C] whose prefix is that of `source`; maps where operands are maps.
  private func tokens(of maps: String, behindPrefixOf source: String, into builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    guard let grid = form.grid else { return maps }
    let shape = builder.shape(maps)
    let count = grid.height * grid.width
    let flat = try builder.reshape(maps, to: Shape([shape[0], shape[1], count]))
    let tokens = try builder.transpose(flat, [0, 2, 1])
    guard form.prefix > 0 else { return tokens }
    let prefix = try builder.pad(source, before: [0, 0, 0], after: [0, -count, 0])
    return try builder.emit(Concat(axis: 1), [prefix, tokens])
  }
}
