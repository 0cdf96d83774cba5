import Graphs

/// Swish (ai.onnx 24…): x weighted by a logistic function.
///
///     y = x / (1 + e^−αx)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Swish; Ramachandran et al., 2017.
struct Swish: Composition {
  static let schema = OperatorSchema("Swish", versions: 24..., inputs: ["X"], outputs: ["Y"])

  let slope: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    slope = try node.float("alpha", default: 1)
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let argument = slope == 1 ? nodes[0] : nodes.emit("Mul", [nodes[0], try nodes.number(Double(slope))])
    nodes.deliver("Mul", [nodes[0], nodes.emit("Sigmoid", [argument])])
  }
}
