import Graphs
import Kernels
import Tensors

/// Pow (ai.onnx 7…): elementwise power; base and exponent may differ in type, the result has that of the base.
///
///     c = a^b          da = dc · b · a^(b−1),  db = dc · c · ln a  (0 where a ≤ 0)
///
/// Shapes: X (base), Y (exponent) broadcastable → Z.
/// Source: onnx/docs/Operators.md#Pow.
struct Pow: BinaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Pow", versions: 7..., inputs: ["X", "Y"], outputs: ["Z"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    for index in 0..<2 { try inputs.require(index, isOneOf: [.float32, .float64, .int64, .int32]) }
    return [ValueType(inputs[0].elementType, try Broadcasting.shape(of: inputs, 0..<2))]
  }

  func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    Elementwise.power(first, second, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    let (base, exponent) = (site.inputs[0], site.inputs[1])
    return [
      site.needs(0)
        ? try gradient.sum(
          try gradient.emit(Mul(), [dC, try slopeByBase(base, exponent, &gradient)]), toShapeOf: base) : nil,
      site.needs(1) ? try gradientOfExponent(site, dC, &gradient) : nil,
    ]
  }

  /// b · a^(b−1), for b = 2 without a power.
  private func slopeByBase(
    _ base: String, _ exponent: String, _ gradient: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let factor = try gradient.cast(exponent, like: base)
    if let known = gradient.constant(exponent), known.shape.elementCount == 1,
      known.doubles == [2] || known.integers == [2]
    {
      return try gradient.emit(Mul(), [base, factor])
    }
    let lower = try gradient.emit(Sub(), [factor, try gradient.scalar(1, like: base)])
    let power = try gradient.emit(Pow(), [base, lower])
    return try gradient.emit(Mul(), [power, factor])
  }

  private func gradientOfExponent(
    _ site: PullbackSite, _ dC: String, _ gradient: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let (base, exponent) = (site.inputs[0], site.inputs[1])
    let zero = try gradient.scalar(0, like: base)
    let one = try gradient.scalar(1, like: base)
    let isPositive = try gradient.emit(Greater(), [base, zero])
    let logarithm = try gradient.emit(Log(), [try gradient.emit(Where(), [isPositive, base, one])])
    let slope = try gradient.emit(Mul(), [site.outputs[0], logarithm])
    let sum = try gradient.sum(try gradient.emit(Mul(), [dC, slope]), toShapeOf: exponent)
    return try gradient.cast(sum, like: exponent)
  }
}
