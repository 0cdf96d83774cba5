import Graphs
import Tensors

/// GroupNormalization (ai.onnx 18…): groups of channels normalised together, then scaled and shifted.
///
///     y = scale · (x − mean) / √(var + ε) + bias          mean and var over the channels and positions of a group
///
/// Shapes: X [B, C, d…], scale and bias [C], below version 21 [groups] → Y like X.
/// Source: onnx/docs/Operators.md#GroupNormalization.
struct GroupNormalization: Composition {
  static let schema = OperatorSchema(
    "GroupNormalization", versions: 18..., inputs: ["X", "scale", "bias"], outputs: ["Y"])

  let groups: Int
  let epsilon: Float
  let isScaledByGroup: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    groups = try node.int("num_groups")
    epsilon = try node.float("epsilon", default: 1e-5)
    isScaledByGroup = node.version < 21
    if node.version >= 21 { try node.require("stash_type", is: 1) }
    guard groups > 0 else {
      throw .invalid("attribute 'num_groups' is \(groups), expected a positive number")
    }
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let shape = nodes.type().shape
    guard shape.rank >= 2, shape[1] % groups == 0 else {
      throw .invalid("input 0 has shape \(shape), expected [N, C, …] with C a multiple of \(groups)")
    }
    let grouped = try nodes.reshape(nodes[0], to: [0, groups, -1])
    let normalized = try nodes.normalize(grouped, over: [2], epsilon: epsilon)
    guard isScaledByGroup else {
      try nodes.requirePerChannel(1..<3)
      let back = nodes.emit("Reshape", [normalized, nodes.emit("Shape", [nodes[0]])])
      return try nodes.deliver(back, scaledBy: nodes[1], shiftedBy: nodes[2])
    }
    for index in 1..<3 where nodes.type(index).shape.extents != [groups] {
      throw .invalid("input \(index) has shape \(nodes.type(index).shape), expected [\(groups)]")
    }
    let scaled = nodes.emit("Mul", [normalized, try nodes.reshape(nodes[1], to: [-1, 1])])
    let shifted = nodes.emit("Add", [scaled, try nodes.reshape(nodes[2], to: [-1, 1])])
    nodes.deliver(shifted, inShapeOf: nodes[0])
  }
}
