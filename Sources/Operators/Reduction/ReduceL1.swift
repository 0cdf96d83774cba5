/// ReduceL1 (ai.onnx 1…): the sum of magnitudes over axes.
///
///     y = Σ |x|
///
/// Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceL1.
struct ReduceL1: ComposedReduction {
  static let schema = OperatorSchema(
    "ReduceL1", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])

  let axes: ComposedAxes

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    try deliver("ReduceSum", nodes.emit("Abs", [nodes[0]]), &nodes)
  }
}
