import Graphs
import Tensors

/// LpNormalization (ai.onnx 8…): elements over the norm along an axis.
///
///     y = x / Σ |x| (p = 1)          y = x / √Σ x² (p = 2)          0 where the norm is 0
///
/// Shapes: input any → output like it. Source: onnx/docs/Operators.md#LpNormalization.
struct LpNormalization: Composition {
  static let schema = OperatorSchema(
    "LpNormalization", versions: 8..., inputs: ["input"], outputs: ["output"])

  let axis: Int
  let power: Int

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
    power = try node.int("p", default: 2)
    guard power == 1 || power == 2 else {
      throw .invalid("attribute 'p' is \(power), expected 1 or 2")
    }
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let axes = [try nodes.site.inputs.axis(axis)]
    let norm =
      power == 2
      ? try nodes.reduce("ReduceL2", nodes[0], axes)
      : try nodes.reduce("ReduceSum", nodes.emit("Abs", [nodes[0]]), axes)
    let isDouble = nodes.type().elementType == .float64
    let smallest = isDouble ? Double.leastNormalMagnitude : Double(Float.leastNormalMagnitude)
    nodes.deliver("Div", [nodes[0], nodes.emit("Max", [norm, try nodes.number(smallest)])])
  }
}
