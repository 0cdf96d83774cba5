import Graphs

/// Sum (ai.onnx 6…): the sum of any number of operands, element by element, from the left.
///
/// Shapes: all broadcastable → their common shape. Source: onnx/docs/Operators.md#Sum.
struct Sum: Composition {
  static let schema = OperatorSchema("Sum", versions: 6..., inputs: ["data_0..."], outputs: ["sum"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let operands = nodes.site.node.inputs
    guard let first = operands.first else { throw .invalid("has no inputs, expected at least 1") }
    guard let last = operands.dropFirst().last else { return nodes.deliver("Identity", [first]) }
    var sum = first
    for operand in operands.dropFirst().dropLast() { sum = nodes.emit("Add", [sum, operand]) }
    nodes.deliver("Add", [sum, last])
  }
}
