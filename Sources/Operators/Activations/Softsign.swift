/// Softsign (ai.onnx 7…): a quotient that stays within −1 … 1.
///
///     y = x / (1 + |x|)
///
/// Shapes: input any → output like it. Source: onnx/docs/Operators.md#Softsign.
struct Softsign: Composition {
  static let schema = OperatorSchema("Softsign", versions: 7..., inputs: ["input"], outputs: ["output"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let divisor = nodes.emit("Add", [nodes.emit("Abs", [nodes[0]]), try nodes.number(1)])
    nodes.deliver("Div", [nodes[0], divisor])
  }
}
