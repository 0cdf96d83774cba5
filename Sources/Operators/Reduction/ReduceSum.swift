import Graphs
package import Kernels
import Tensors

/// ReduceSum (ai.onnx 1…): the sum over axes; axes are an attribute below version 13, an operand from there on.
///
///     y = Σ x          dx = dy
///
/// Over no elements: 0. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceSum.
package struct ReduceSum: AxisReduction {
  package static let schema = OperatorSchema(
    "ReduceSum", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  package static let kind = Reduction.Kind.sum
  package static let axesAreOperandSince = 13

  package let axes: ReducedAxes

  package init(axes: ReducedAxes) { self.axes = axes }

  package func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    dy
  }
}
