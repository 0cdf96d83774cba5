package import Tensors

/// Activations with numbers of their own, which take them in the precision of the elements.
extension Elementwise {
  /// An activation of one floating-point operand; NaN stays NaN.
  package enum Activation: Sendable {
    /// min(max(slope · x + offset, 0), 1).
    case hardSigmoid(slope: Double, offset: Double)
    /// x · min(max(x / 6 + ½, 0), 1).
    case hardSwish
    /// x, below zero slope · x.
    case leakyRelu(slope: Double)
    /// x, below zero scale · (e^x − 1).
    case elu(scale: Double)
    /// ln(1 + e^x).
    case softplus
  }

  /// y = f(x); y may be x.
  package static func activate(
    _ activation: Activation, _ x: TensorView, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: activate(activation, x, y, options, Float.self)
    default: activate(activation, x, y, options, Double.self)
    }
  }

  private static func activate<Real: RealNumber>(
    _ activation: Activation, _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Real.Type
  ) {
    switch activation {
    case .hardSigmoid(let slope, let offset):
      let (slope, offset) = (Real(slope), Real(offset))
      map(x, into: y, options) { (v: Real) in unitRange(slope * v + offset) }
    case .hardSwish:
      let sixth = 1 / Real(6)
      map(x, into: y, options) { (v: Real) in v * unitRange(v * sixth + 0.5) }
    case .leakyRelu(let slope):
      let slope = Real(slope)
      map(x, into: y, options) { (v: Real) in v < 0 ? slope * v : v }
    case .elu(let scale):
      let scale = Real(scale)
      map(x, into: y, options) { (v: Real) in v < 0 ? scale * Real.exponentialMinusOne(v) : v }
    case .softplus:
      // e^x of a large x has no number; what is added to x there is no larger than ln 2.
      map(x, into: y, options) { (v: Real) in
        (v < 0 ? 0 : v) + Real.logarithmOfOnePlus(Real.exponential(-v.magnitude))
      }
    }
  }

  /// x limited to 0 … 1.
  @inline(__always)
  private static func unitRange<Real: RealNumber>(_ x: Real) -> Real {
    let raised = x < 0 ? 0 : x
    return raised > 1 ? 1 : raised
  }
}
