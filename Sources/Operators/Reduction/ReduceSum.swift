import Graphs
import Kernels
import Tensors

/// ReduceSum (ai.onnx 1…): the sum over axes; axes are an attribute below version 13, an operand from there on.
///
///     y = Σ x          dx = dy
///
/// Over no elements: 0. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceSum.
struct ReduceSum: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceSum", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.sum

  let axes: ReducedAxes

  init(reading node: AttributeReader) throws(OperatorError) {
    axes = try ReducedAxes(node, operandSince: 13)
  }

  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    dy
  }
}
