import Graphs
package import Operators
import Tensors

/// Lays the channels of maps side by side around convolutions, and through what stands between them.
///
///     Conv(x) → toFirst(ChannelsLastConv(toLast(x)))        Conv 1×1 → toFirst(Linear(toLast(x)))
///     f(toFirst(x), …) → toFirst(f(x, …))                   where f works element by element, pools, or sums over a map
///
/// `toLast` is Transpose(0, 2, 3, 1), `toFirst` its inverse; the two cancel where they meet. Pointwise convolutions are then
/// products of rows, read in place, and those with more taps read their patches while the product packs them. Convolutions
/// that cut an image of up to four channels into patches stay as they are: their result is made tokens of anyway.
package struct LayMapsChannelsLast: RewriteRule {
  package let label = "lay maps channels last"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids {
      guard let node = graph[id] else { continue }
      let changed = try node.operation is Conv ? convolve(id, node, in: &graph) : sink(id, node, in: &graph)
      if changed { count += 1 }
    }
    return count
  }

  private func convolve(_ id: EditableGraph.NodeID, _ node: LoweredNode, in graph: inout EditableGraph)
    throws(OperatorError) -> Bool
  {
    guard let form = (node.operation as? Conv)?.form, graph.type(node.outputs[0]).elementType == .float32,
      graph.shape(node.inputs[0]).rank == 4, form.takesChannelsLast
    else { return false }
    let (kernel, maps) = (graph.shape(node.inputs[1]), graph.shape(node.inputs[0]))
    let isUnpadded =
      form.automaticPadding == "VALID"
      || form.automaticPadding == "NOTSET" && !(form.pads ?? []).contains { $0 != 0 }
    let strides = form.strides ?? [1, 1]
    if strides == Array(kernel.extents[2...]), strides != [1, 1], form.group == 1, maps[1] <= 4 {
      return false
    }
    let isPointwise =
      kernel[2] == 1 && kernel[3] == 1 && strides == [1, 1] && form.group == 1
      && (isUnpadded || form.automaticPadding.hasPrefix("SAME"))
    var nodes: [LoweredNode] = []
    let source = graph.freshName("channels_last")
    nodes.append(LoweredNode(Transpose(MapAxes.toChannelsLast), [node.inputs[0]], outputs: [source]))
    let result = graph.freshName("Conv")
    if isPointwise {
      let matrix = Shape([kernel[0], kernel[1]])
      let weights: String
      if let constant = graph.constant(node.inputs[1]) {
        weights = graph.add(constant.reshaped(to: matrix), named: "matrix")
      } else {
        weights = graph.freshName("matrix")
        nodes.append(try graph.reshape(node.inputs[1], into: weights, extents: matrix.extents))
      }
      nodes.append(
        LoweredNode(
          Linear(isTransposed: true), [source, weights] + node.inputs.dropFirst(2), outputs: [result]))
    } else {
      nodes.append(LoweredNode(ChannelsLastConv(form), [source] + node.inputs.dropFirst(), outputs: [result]))
    }
    nodes.append(LoweredNode(Transpose(MapAxes.toChannelsFirst), [result], outputs: [node.outputs[0]]))
    try graph.replace(id, with: nodes)
    return true
  }

  /// Lets a node work on the maps as they lay before they were put channels first.
  private func sink(_ id: EditableGraph.NodeID, _ node: LoweredNode, in graph: inout EditableGraph)
    throws(OperatorError) -> Bool
  {
    guard node.outputs.count == 1, let first = firstLaid(of: node, in: graph),
      graph.type(first).elementType == .float32
    else { return false }
    var nodes: [LoweredNode] = []
    let result = graph.freshName(node.type)
    let maps = graph.shape(first)
    func finish(_ operation: any Operator, _ inputs: [String]) throws(OperatorError) {
      nodes.append(LoweredNode(operation, inputs, outputs: [result]))
      nodes.append(LoweredNode(Transpose(MapAxes.toChannelsFirst), [result], outputs: node.outputs))
    }
    switch node.operation {
    case is any UnaryElementwise, is Clip:
      guard laid(node.inputs[0], in: graph) != nil else { return false }
      try finish(node.operation, [first] + node.inputs.dropFirst())
    case is any BinaryElementwise:
      guard let operands = try operands(of: node, maps, &nodes, in: &graph) else { return false }
      try finish(node.operation, operands)
    case let pooling as MaxPool:
      guard
        let operation = ChannelsLastMaxPool(
          pooling, graph.inputTypes(of: node), resultCount: node.outputs.count)
      else { return false }
      try finish(operation, [first])
    case is GlobalAveragePool:
      try finish(ReduceMean(), [first, try graph.add([1, 2], named: "axes")])
    case let mean as ReduceMean:
      guard try mean.reducedAxes(graph.inputTypes(of: node)).sorted() == [2, 3] else { return false }
      let operation = ReduceMean(keepsAxes: mean.axes.keepsAxes)
      let axes = try graph.add([1, 2], named: "axes")
      if mean.axes.keepsAxes {
        try finish(operation, [first, axes])
      } else {
        nodes.append(LoweredNode(operation, [first, axes], outputs: node.outputs))
      }
    case let pair as DepthwisePair:
      let tokens = [maps[0], maps[1] * maps[2], maps[3]]
      let (flat, mixed) = (graph.freshName("tokens"), graph.freshName("mixed"))
      nodes.append(try graph.reshape(first, into: flat, extents: tokens))
      nodes.append(
        LoweredNode(
          TokenDepthwisePair(pair, height: maps[1], width: maps[2], prefix: 0),
          [flat] + node.inputs.dropFirst(),
          outputs: [mixed]))
      nodes.append(try graph.reshape(mixed, into: result, extents: maps.extents))
      nodes.append(LoweredNode(Transpose(MapAxes.toChannelsFirst), [result], outputs: node.outputs))
    case let normalization as BatchNormalization:
      guard let affine = FoldBatchNormalization.Affine(node, normalization, in: graph) else { return false }
      let shape = Shape([maps[3]])
      let scaled = graph.freshName("scaled")
      let factors = try FoldBatchNormalization.tensor(affine.factors, shape, .float32)
      let addends = try FoldBatchNormalization.tensor(affine.addends, shape, .float32)
      nodes.append(LoweredNode(Mul(), [first, graph.add(factors, named: "factors")], outputs: [scaled]))
      try finish(Add(), [scaled, graph.add(addends, named: "addends")])
    default: return false
    }
    try graph.replace(id, with: nodes)
    return true
  }

  private func firstLaid(of node: LoweredNode, in graph: EditableGraph) -> String? {
    for operand in node.inputs { if let value = laid(operand, in: graph) { return value } }
    return nil
  }

  /// What maps [B, C, H, W] were before a Transpose from channels last made them; nil for other values.
  private func laid(_ value: String, in graph: EditableGraph) -> String? {
    guard !graph.barriers.contains(value), let maker = graph.maker(of: value),
      graph.permutation(of: maker.node) == MapAxes.toChannelsFirst
    else { return nil }
    return maker.node.inputs[0]
  }

  /// The operands of an operator on two values for maps with channels last: those that were laid so, single numbers, and
  /// numbers per channel.
  private func operands(
    of node: LoweredNode, _ maps: Shape, _ nodes: inout [LoweredNode], in graph: inout EditableGraph
  ) throws(OperatorError) -> [String]? {
    var operands: [String] = []
    for operand in node.inputs {
      let shape = graph.shape(operand)
      if let value = laid(operand, in: graph) {
        operands.append(value)
      } else if shape.elementCount == 1, shape.rank <= 4 {
        operands.append(operand)
      } else if shape.rank >= 3, shape.rank <= 4, shape[-1] == 1, shape[-2] == 1, shape[-3] == maps[3] {
        let moved = graph.freshName("per_channel")
        let extents = (shape.rank == 4 ? [shape[0]] : []) + [1, 1, maps[3]]
        nodes.append(try graph.reshape(operand, into: moved, extents: extents))
        operands.append(moved)
      } else {
        return nil
      }
    }
    return operands
  }
}
