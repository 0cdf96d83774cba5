import Graphs

/// Celu (ai.onnx 12…): the continuously differentiable exponential linear unit.
///
///     y = x where x ≥ 0, else α (e^(x/α) − 1)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Celu.
struct Celu: Composition {
  static let schema = OperatorSchema("Celu", versions: 12..., inputs: ["X"], outputs: ["Y"])

  let scale: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    scale = try node.float("alpha", default: 1)
    guard scale != 0 else { throw .invalid("attribute 'alpha' is 0, by which elements are divided") }
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let factor = try nodes.number(Double(scale))
    let unit = nodes.emit("Elu", [nodes.emit("Div", [nodes[0], factor])])
    nodes.deliver("Mul", [unit, factor])
  }
}
