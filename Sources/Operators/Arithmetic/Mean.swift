import Graphs

/// Mean (ai.onnx 8…): the mean of any number of operands, element by element.
///
/// Shapes: all broadcastable → their common shape. Source: onnx/docs/Operators.md#Mean.
struct Mean: Composition {
  static let schema = OperatorSchema("Mean", versions: 8..., inputs: ["data_0..."], outputs: ["mean"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let count = nodes.site.node.inputs.count
    guard count > 0 else { throw .invalid("has no inputs, expected at least 1") }
    let sum = nodes.emit("Sum", nodes.site.node.inputs)
    nodes.deliver("Div", [sum, try nodes.number(Double(count))])
  }
}
