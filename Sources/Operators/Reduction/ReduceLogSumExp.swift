import Tensors

/// ReduceLogSumExp (ai.onnx 8…): the logarithm of the sum of exponentials over axes.
///
///     y = m + ln Σ e^(x − m)          m = the largest x, within the finite numbers
///
/// Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceLogSumExp.
struct ReduceLogSumExp: ComposedReduction {
  static let schema = OperatorSchema(
    "ReduceLogSumExp", versions: 8..., inputs: ["data", "axes?"], outputs: ["reduced"])

  let axes: ComposedAxes

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let isDouble = nodes.type().elementType == .float64
    let limit = isDouble ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    let largest = try reduce("ReduceMax", nodes[0], keepsAxes: true, &nodes)
    let capped = nodes.emit("Min", [largest, try nodes.number(limit)])
    let finite = nodes.emit("Max", [capped, try nodes.number(-limit)])
    let powers = nodes.emit("Exp", [nodes.emit("Sub", [nodes[0], finite])])
    let logarithm = nodes.emit("Log", [try reduce("ReduceSum", powers, &nodes)])
    // Its axes have extent 1 already, or go now.
    nodes.deliver("Add", [logarithm, try reduce("ReduceMax", finite, &nodes)])
  }
}
