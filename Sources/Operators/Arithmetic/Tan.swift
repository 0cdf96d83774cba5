/// Tan (ai.onnx 7…): the tangent of an angle in radians.
///
///     y = sin x / cos x
///
/// Shapes: input any → output like input. Source: onnx/docs/Operators.md#Tan.
struct Tan: Composition {
  static let schema = OperatorSchema("Tan", versions: 7..., inputs: ["input"], outputs: ["output"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    nodes.deliver("Div", [nodes.emit("Sin", [nodes[0]]), nodes.emit("Cos", [nodes[0]])])
  }
}
