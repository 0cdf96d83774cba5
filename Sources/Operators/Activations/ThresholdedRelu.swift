import Graphs

/// ThresholdedRelu (ai.onnx 10…): x above a threshold, else 0.
///
///     y = x where x > α, else 0
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#ThresholdedRelu.
struct ThresholdedRelu: Composition {
  static let schema = OperatorSchema("ThresholdedRelu", versions: 10..., inputs: ["X"], outputs: ["Y"])

  let threshold: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    threshold = try node.float("alpha", default: 1)
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let isAbove = nodes.emit("Greater", [nodes[0], try nodes.number(Double(threshold))])
    nodes.deliver("Where", [isAbove, nodes[0], try nodes.number(0)])
  }
}
