import Tensors

/// PRelu (ai.onnx 9…): x, with slopes of its own below zero.
///
///     y = x where x ≥ 0, else slope · x
///
/// Shapes: X any, slope broadcastable to X → Y like X. Source: onnx/docs/Operators.md#PRelu.
struct PRelu: Composition {
  static let schema = OperatorSchema("PRelu", versions: 9..., inputs: ["X", "slope"], outputs: ["Y"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let shape = nodes.type().shape
    guard shape.broadcast(with: nodes.type(1).shape) == shape else {
      throw .invalid("slope \(nodes.type(1).shape) does not broadcast to \(shape)")
    }
    let negative = nodes.emit("Less", [nodes[0], try nodes.number(0)])
    nodes.deliver("Where", [negative, nodes.emit("Mul", [nodes[0], nodes[1]]), nodes[0]])
  }
}
