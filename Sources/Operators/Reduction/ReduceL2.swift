import Graphs
import Kernels
import Tensors

/// ReduceL2 (ai.onnx 1…): the Euclidean norm over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = √Σ x²          dx = x · dy / y, 0 where y = 0
///
/// Over no elements: 0. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceL2.
struct ReduceL2: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceL2", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.euclideanNorm

  let axes: ReducedAxes

  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let zero = try builder.scalar(0, like: y)
    let isPositive = try builder.emit(Greater(), [y, zero])
    let divisor = try builder.emit(Where(), [isPositive, y, try builder.scalar(1, like: y)])
    return try builder.emit(Mul(), [x, try builder.emit(Div(), [dy, divisor])])
  }
}
