import Graphs
import Kernels
import Tensors

/// ReduceMax (ai.onnx 1…): the largest element over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = max x          dx = dy · [x = y] / (how many x reach y)
///
/// Over no elements: the smallest value of the type. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceMax.
struct ReduceMax: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceMax", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.maximum
  static let elementTypes: [ElementType] = ElementType.numbers + [.bool]

  let axes: ReducedAxes

  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    try Self.gradientOfExtreme(x, y: y, dy: dy, axes: axes, &builder)
  }
}
