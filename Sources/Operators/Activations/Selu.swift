import Graphs

/// Selu (ai.onnx 6…): the scaled exponential linear unit.
///
///     y = γ x where x ≥ 0, else γ α (e^x − 1)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Selu; Klambauer et al., 2017.
struct Selu: Composition {
  static let schema = OperatorSchema("Selu", versions: 6..., inputs: ["X"], outputs: ["Y"])

  let scale: Float
  let factor: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    scale = try node.float("alpha", default: 1.673_263_2)
    factor = try node.float("gamma", default: 1.050_701)
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let unit = nodes.emit("Elu", [nodes[0]], [Attribute("alpha", scale)])
    nodes.deliver("Mul", [unit, try nodes.number(Double(factor))])
  }
}
