/// ReduceLogSum (ai.onnx 1…): the logarithm of the sum over axes.
///
///     y = ln Σ x
///
/// Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceLogSum.
struct ReduceLogSum: ComposedReduction {
  static let schema = OperatorSchema(
    "ReduceLogSum", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])

  let axes: ComposedAxes

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    nodes.deliver("Log", [try reduce("ReduceSum", nodes[0], &nodes)])
  }
}
