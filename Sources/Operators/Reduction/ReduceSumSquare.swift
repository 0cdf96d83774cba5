import Graphs
import Kernels
import Tensors

/// ReduceSumSquare (ai.onnx 1…): the sum of squares over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = Σ x²          dx = 2 x · dy
///
/// Over no elements: 0. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceSumSquare.
struct ReduceSumSquare: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceSumSquare", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.sumOfSquares

  let axes: ReducedAxes

  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let double = try builder.emit(Mul(), [dy, try builder.scalar(2, like: dy)])
    return try builder.emit(Mul(), [x, double])
  }
}
