import Graphs
import Tensors

/// RMSNormalization (ai.onnx 23…): elements over the root of their mean square, from `axis` on, then scaled.
///
///     y = scale · x / √(mean(x²) + ε)
///
/// Shapes: X [..., N…], scale broadcastable to [N…] → Y like X. Source: onnx/docs/Operators.md#RMSNormalization.
struct RMSNormalization: Composition {
  static let schema = OperatorSchema(
    "RMSNormalization", versions: 23..., inputs: ["X", "scale"], outputs: ["Y"])

  let axis: Int
  let epsilon: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
    try node.require("stash_type", is: 1)
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let shape = nodes.type().shape
    let first = try nodes.site.inputs.axis(axis)
    guard shape.broadcast(with: nodes.type(1).shape) == shape else {
      throw .invalid("scale \(nodes.type(1).shape) does not broadcast to \(shape)")
    }
    let squares = nodes.emit("Mul", [nodes[0], nodes[0]])
    let mean = try nodes.reduce("ReduceMean", squares, Array(first..<shape.rank))
    let root = nodes.emit("Sqrt", [nodes.emit("Add", [mean, try nodes.number(Double(epsilon))])])
    nodes.deliver("Mul", [nodes.emit("Div", [nodes[0], root]), nodes[1]])
  }
}
