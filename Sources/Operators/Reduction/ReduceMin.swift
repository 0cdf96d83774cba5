import Graphs
import Kernels
import Tensors

/// ReduceMin (ai.onnx 1…): the smallest element over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = min x          dx = dy · [x = y] / (how many x reach y)
///
/// Over no elements: the largest value of the type. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceMin.
struct ReduceMin: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceMin", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.minimum
  static let elementTypes: [ElementType] = ElementType.numbers + [.bool]

  let axes: ReducedAxes

  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    try Self.gradientOfExtreme(x, y: y, dy: dy, axes: axes, &builder)
  }
}
