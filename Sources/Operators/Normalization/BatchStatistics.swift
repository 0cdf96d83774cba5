import Graphs
import Tensors

/// BatchNormalization (ai.onnx 14…) with `training_mode`: channels normalised by the batch's own statistics, which move those that
/// come in.
///
///     y = scale · (x − mean) / √(var + ε) + bias          mean and var over images and positions
///     running = momentum · incoming + (1 − momentum) · the batch's
///
/// Shapes: X [B, C, d…], scale, B, input_mean, input_var [C] → Y like X, running_mean and running_var [C].
/// Source: onnx/docs/Operators.md#BatchNormalization.
struct BatchStatistics: Composition {
  static let schema = OperatorSchema(
    "BatchNormalization", versions: 7..., inputs: ["X", "scale", "B", "input_mean", "input_var"],
    outputs: ["Y", "running_mean?", "running_var?", "saved_mean?", "saved_var?"])

  let epsilon: Float
  let momentum: Float
  let isExpanded: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    epsilon = try node.float("epsilon", default: 1e-5)
    momentum = try node.float("momentum", default: 0.9)
    isExpanded = node.version >= 14 ? try node.flag("training_mode", default: false) : false
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    try nodes.requirePerChannel(1..<5)
    let axes = [0] + Array(2..<nodes.type().shape.rank)
    let mean = try nodes.reduce("ReduceMean", nodes[0], axes)
    let centred = nodes.emit("Sub", [nodes[0], mean])
    let variance = try nodes.reduce("ReduceMean", nodes.emit("Mul", [centred, centred]), axes)
    let spread = nodes.emit("Sqrt", [nodes.emit("Add", [variance, try nodes.number(Double(epsilon))])])
    for (index, statistic) in [(1, mean), (2, variance)] where nodes.site.output(index) != nil {
      let kept = nodes.emit("Mul", [nodes[2 + index], try nodes.number(Double(momentum))])
      let share = try nodes.number(1 - Double(momentum))
      let moved = nodes.emit("Mul", [try nodes.reshape(statistic, to: [-1]), share])
      nodes.deliver("Add", [kept, moved], as: index)
    }
    try nodes.deliver(nodes.emit("Div", [centred, spread]), scaledBy: nodes[1], shiftedBy: nodes[2])
  }
}
