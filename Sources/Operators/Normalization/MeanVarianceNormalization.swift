import Graphs

/// MeanVarianceNormalization (ai.onnx 9…): mean 0 and variance 1 over some axes.
///
///     y = (x − mean) / (√var + 10⁻⁹)          over images and positions unless `axes` says otherwise
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#MeanVarianceNormalization.
struct MeanVarianceNormalization: Composition {
  static let schema = OperatorSchema(
    "MeanVarianceNormalization", versions: 9..., inputs: ["X"], outputs: ["Y"])

  let axes: [Int]

  init(reading node: AttributeReader) throws(OperatorError) {
    axes = try node.optionalInts("axes") ?? [0, 2, 3]
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let centred = nodes.emit("Sub", [nodes[0], try nodes.reduce("ReduceMean", nodes[0], axes)])
    let variance = try nodes.reduce("ReduceMean", nodes.emit("Mul", [centred, centred]), axes)
    let spread = nodes.emit("Add", [nodes.emit("Sqrt", [variance]), try nodes.number(1e-9)])
    nodes.deliver("Div", [centred, spread])
  }
}
