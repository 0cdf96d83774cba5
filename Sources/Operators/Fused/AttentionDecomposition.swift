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
    let dS = try builder.emit(Mul(), [differences, try scale(like: dY, into: &builder)])
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

  private typealias Windows = (query: RowWindow, key: RowWindow, value: RowWindow, output: RowWindow)

  private func windows(of node: LoweredNode, _ builder: GradientBuilder) throws(OperatorError) -> Windows {
    let g = geometry
    let rows = g.rows.map(Int.init)
    func window(_ view: AttentionGeometry.View, _ tokens: Int, _ channels: Int, in count: Int, _ what: String)
      throws(OperatorError) -> RowWindow
    {
      var view = view
      if !rows.isEmpty { view.batch = tokens * view.token }
      return RowWindow(
        rows: rows, rowSize: view.token,
        window: try DenseWindow(view, [g.batch, g.heads, tokens, channels], in: count, what: what))
    }
    func operand(_ index: Int, _ view: AttentionGeometry.View, _ tokens: Int, _ channels: Int)
      throws(OperatorError) -> RowWindow
    {
      let count = builder.shape(node.inputs[sources[index]]).elementCount
      return try window(view, tokens, channels, in: count, "view \(index)")
    }
    return (
      query: try operand(0, g.query, g.queries, g.channels), key: try operand(1, g.key, g.keys, g.channels),
      value: try operand(2, g.value, g.keys, g.valueChannels),
      output: try window(g.output, g.queries, g.valueChannels, in: outputShape.elementCount, "the output")
    )
  }

  /// S = scale · Q Kᵀ + mask [batch, heads, queries, keys].
  private func scores(_ node: LoweredNode, _ windows: Windows, into builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let query = try windows.query.read(node.inputs[sources[0]], into: &builder)
    let key = try windows.key.read(node.inputs[sources[1]], into: &builder)
    let products = try builder.emit(MatMul(), [query, try builder.transpose(key, Self.exchanged)])
    let scaled = try builder.emit(Mul(), [products, try scale(like: query, into: &builder)])
    guard let view = geometry.mask else { return scaled }
    // Along an axis without stride the mask repeats, which Add does by itself.
    let kinds = geometry.maskKinds.map(Int.init)
    let extents = zip(
      [kinds.max().map { $0 + 1 } ?? geometry.batch, geometry.heads, geometry.queries, geometry.keys],
      [view.batch, view.head, view.token, view.channel]
    ).map { $1 == 0 ? 1 : $0 }
    let window = try DenseWindow(
      view, extents, in: builder.shape(node.inputs[3]).elementCount, what: "the mask")
    var mask = try window.read(node.inputs[3], into: &builder)
    if extents[0] > 1, !kinds.isEmpty {
      let ofBatches = (0..<geometry.batch).map { kinds[$0 % kinds.count] }
      mask = try builder.emit(Gather(axis: 0), [mask, try builder.constant(ofBatches)])
    }
    return try builder.emit(Add(), [scaled, mask])
  }

  /// The scale, a scalar or [heads, 1, 1], of the type of a value.
  private func scale(like value: String, into builder: inout GradientBuilder) throws(OperatorError) -> String
  {
    guard !geometry.headScales.isEmpty else { return try builder.scalar(geometry.scale, like: value) }
    var parts: [String] = []
    for scale in geometry.headScales {
      parts.append(
        try builder.reshape(try builder.scalar(Double(scale), like: value), to: Shape([1, 1, 1])))
    }
    return try builder.emit(Concat(axis: 0), parts)
  }
}

/// A dense window of a tensor whose rows are put into another order first.
private struct RowWindow {
  /// The row of its image that comes n-th; empty where rows stay where they are.
  let rows: [Int]
  /// Elements of a row.
  let rowSize: Int
  /// The window of the ordered rows.
  let window: DenseWindow

  /// Takes the window out of a tensor.
  func read(_ value: String, into builder: inout GradientBuilder) throws(OperatorError) -> String {
    try window.read(try ordered(value, by: rows, into: &builder), into: &builder)
  }

  /// Puts a value into zeros of a tensor's shape.
  func place(_ value: String, in target: Shape, into builder: inout GradientBuilder) throws(OperatorError)
    -> String
  {
    var inverse = rows
    for (position, row) in rows.enumerated() { inverse[row] = position }
    let placed = try window.place(value, in: target, into: &builder)
    return try builder.reshape(try ordered(placed, by: inverse, into: &builder), to: target)
  }

  private func ordered(_ value: String, by rows: [Int], into builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    guard !rows.isEmpty else { return value }
    let images = builder.shape(value).elementCount / (rows.count * rowSize)
    let whole = try builder.reshape(value, to: Shape([images, rows.count, rowSize]))
    return try builder.emit(Gather(axis: 1), [whole, try builder.constant(rows)])
  }
}
