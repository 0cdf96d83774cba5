import Graphs
import Kernels
import Tensors

/// ReduceProd (ai.onnx 1…): the product over axes; axes are an attribute below version 18, an operand from there on.
///
///     y = Π x          dx = dy · Π of the others
///
/// Over no elements: 1. Shapes: data any, axes [k] → the reduced axes have extent 1, or are left out without `keepdims`.
/// Source: onnx/docs/Operators.md#ReduceProd.
struct ReduceProd: AxisReduction {
  static let schema = OperatorSchema(
    "ReduceProd", versions: 1..., inputs: ["data", "axes?"], outputs: ["reduced"])
  static let kind = Reduction.Kind.product

  let axes: ReducedAxes

  /// The product of all elements but the zeros, over the element itself unless it is zero, counts where all zeros are the
  /// element itself.
  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let zero = try builder.scalar(0, like: x)
    let isZero = try builder.emit(Equal(), [x, zero])
    let factors = try builder.emit(Where(), [isZero, try builder.scalar(1, like: x), x])
    let own = try builder.cast(isZero, like: x)
    var (product, zeros) = (factors, own)
    if !axes.isEmpty {
      let reduced = try builder.constant(axes)
      product = try builder.emit(ReduceProd(), [factors, reduced])
      zeros = try builder.emit(ReduceSum(), [own, reduced])
    }
    let others = try builder.emit(Div(), [product, factors])
    let counts = try builder.emit(Equal(), [zeros, own])
    return try builder.emit(Mul(), [dy, try builder.emit(Where(), [counts, others, zero])])
  }
}
