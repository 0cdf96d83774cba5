/// Mish (ai.onnx 18…): x weighted by the hyperbolic tangent of its Softplus.
///
///     y = x · tanh(ln(1 + e^x))
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Mish; Misra, 2019.
struct Mish: Composition {
  static let schema = OperatorSchema("Mish", versions: 18..., inputs: ["X"], outputs: ["Y"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let weight = nodes.emit("Tanh", [nodes.emit("Softplus", [nodes[0]])])
    nodes.deliver("Mul", [nodes[0], weight])
  }
}
