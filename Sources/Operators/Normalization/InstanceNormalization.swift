import Graphs
import Tensors

/// InstanceNormalization (ai.onnx 6…): each map normalised by itself, then scaled and shifted by its channel.
///
///     y = scale · (x − mean) / √(var + ε) + bias          mean and var over the positions of a map
///
/// Shapes: input [B, C, d…], scale and B [C] → like input. Source: onnx/docs/Operators.md#InstanceNormalization.
struct InstanceNormalization: Composition {
  static let schema = OperatorSchema(
    "InstanceNormalization", versions: 6..., inputs: ["input", "scale", "B"], outputs: ["output"])

  let epsilon: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    epsilon = try node.float("epsilon", default: 1e-5)
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    try nodes.requirePerChannel(1..<3)
    let rank = nodes.type().shape.rank
    guard rank > 2 else {
      throw .invalid("input 0 has shape \(nodes.type().shape), expected positions behind [N, C]")
    }
    let normalized = try nodes.normalize(nodes[0], over: Array(2..<rank), epsilon: epsilon)
    try nodes.deliver(normalized, scaledBy: nodes[1], shiftedBy: nodes[2])
  }
}
