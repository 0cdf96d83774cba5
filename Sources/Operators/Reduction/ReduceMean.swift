import Graphs
package import Kernels
import Tensors

/// ReduceMean (ai.onnx 1…): the mean over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = Σ x / n          dx = dy / n
///
/// Over no elements: NaN. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceMean.
package struct ReduceMean: AxisReduction {
  package static let schema = OperatorSchema(
    "ReduceMean", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  package static let kind = Reduction.Kind.mean

  package let axes: ReducedAxes

  package init(axes: ReducedAxes) { self.axes = axes }

  package func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    try builder.emit(Mul(), [dy, try builder.scalar(1 / Double(max(count, 1)), like: dy)])
  }
}
