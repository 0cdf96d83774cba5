import Graphs
import Kernels
import Tensors

/// `FusedAttention` and its gradient by standard operators, where all views are dense windows.
extension AttentionViews {
  /// Y = softmax(S) V and, where the node names it, LogSumExp = m + log Σ exp(S − m), m the largest of a row.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let windows = try windows(of: node, builder)
    let scores = try scores(node, windows, into: &builder)
    let weights = try builder.emit(Softmax(axis: -1), [scores])
    let value = try windows.value.read(node.inputs[sources[2]], into: &builder)
    let y = try builder.emit(MatMul(), [weights, value])
    let result = try windows.output.place(y, in: outputShape, into: &builder)
    guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return [result, ""] }
    let last = try builder.constant([-1])
    let largest = try builder.emit(ReduceMax(), [scores, last])
    let powers = try builder.emit(Exp(), [try builder.emit(Sub(), [scores, largest])])
    let logs = try builder.emit(Log(), [try builder.emit(ReduceSum(), [powers, last])])
    let sums = try builder.emit(Add(), [largest, logs])
    return [result, try builder.reshape(sums, to: logSumExpShape)]
  }

  /// dA, dB, dC where the node names them: the sum of what its windows get.
  ///
  ///     P = exp(S − LogSumExp)        dS = scale · P ∘ (dY Vᵀ − Σ channels dY ∘ Y)
  ///     dQ = dS K        dK = dSᵀ Q        dV = Pᵀ dY
  func gradientDecomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let windows = try windows(of: node, builder)
    let scores = try scores(node, windows, into: &builder)
    let query = try windows.query.read(node.inputs[sources[0]], into: &builder)
    let key = try windows.key.read(node.inputs[sources[1]], into: &builder)
    let value = try windows.value.read(node.inputs[sources[2]], into: &builder)
    let y = try windows.output.read(node.inputs[4], into: &builder)
    let dY = try windows.output.read(node.inputs[5], into: &builder)
    let sums = try builder.reshape(node.inputs[6], to: Shape(logSumExpShape.extents + [1]))
    let weights = try builder.emit(Exp(), [try builder.emit(Sub(), [scores, sums])])
    let slopes = try builder.emit(MatMul(), [dY, try builder.transpose(value, Self.exchanged)])
    let rows = try builder.emit(
      ReduceSum(), [try builder.emit(Mul(), [dY, y]), try builder.constant([-1])])
    let differences = try builder.emit(Mul(), [weights, try builder.emit(Sub(), [slopes, rows])])
    let dS = try builder.emit(Mul(), [differences, try builder.scalar(geometry.scale, like: dY)])
    let parts = [
      (windows.query, try builder.emit(MatMul(), [dS, key])),
      (windows.key, try builder.emit(MatMul(), [try builder.transpose(dS, Self.exchanged), query])),
      (windows.value, try builder.emit(MatMul(), [try builder.transpose(weights, Self.exchanged), dY])),
    ]
    var results = ["", "", ""]
    for index in node.outputs.indices where !node.outputs[index].isEmpty {
      let shape = builder.shape(node.inputs[index])
      for (source, (window, gradient)) in zip(sources, parts) where source == index {
        let placed = try window.place(gradient, in: shape, into: &builder)
        results[index] =
          results[index].isEmpty ? placed : try builder.emit(Add(), [results[index], placed])
      }
      guard results[index].isEmpty else { continue }
      let zero = try builder.scalar(0, like: dY)
      results[index] = try builder.emit(Expand(), [zero, try builder.constant(shape.extents)])
    }
    return results
  }

  /// Tokens and channels exchanged.
  private static let exchanged = [0, 1, 3, 2]

  private typealias Windows = (query: DenseWindow, key: DenseWindow, value: DenseWindow, output: DenseWindow)

  private func windows(of node: LoweredNode, _ builder: GradientBuilder) throws(OperatorError) -> Windows {
    let g = geometry
    func window(_ index: Int, _ view: AttentionGeometry.View, _ tokens: Int, _ channels: Int)
      throws(OperatorError) -> DenseWindow
    {
      try DenseWindow(
        view, [g.batch, g.heads, tokens, channels],
        in: builder.shape(node.inputs[sources[index]]).elementCount, what: "view \(index)")
    }
    return (
      query: try window(0, g.query, g.queries, g.channels), key: try window(1, g.key, g.keys, g.channels),
      value: try window(2, g.value, g.keys, g.valueChannels),
      output: try DenseWindow(
        g.output, [g.batch, g.heads, g.queries, g.valueChannels], in: outputShape.elementCount,
        what: "the output")
    )
  }

  /// S = scale · Q Kᵀ + mask [batch, heads, queries, keys].
  private func scores(_ node: LoweredNode, _ windows: Windows, into builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let query = try windows.query.read(node.inputs[sources[0]], into: &builder)
    let key = try windows.key.read(node.inputs[sources[1]], into: &builder)
    let products = try builder.emit(MatMul(), [query, try builder.transpose(key, Self.exchanged)])
    let scaled = try builder.emit(Mul(), [products, try builder.scalar(geometry.scale, like: query)])
    guard let view = geometry.mask else { return scaled }
    // Along an axis without stride the mask repeats, which Add does by itself.
    let extents = zip(
      [geometry.batch, geometry.heads, geometry.queries, geometry.keys],
      [view.batch, view.head, view.token, view.channel]
    ).map { $1 == 0 ? 1 : $0 }
    let window = try DenseWindow(
      view, extents, in: builder.shape(node.inputs[3]).elementCount, what: "the mask")
    return try builder.emit(Add(), [scaled, try window.read(node.inputs[3], into: &builder)])
  }
}
