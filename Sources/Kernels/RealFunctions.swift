package import Tensors

/// Functions of one floating-point operand.
extension Elementwise {
  /// A function of one floating-point operand.
  package enum RealFunction: Sendable {
    /// √x.
    case squareRoot
    /// e^x.
    case exponential
    /// The natural logarithm.
    case logarithm
    /// 1 / x.
    case reciprocal
    /// The next integer not above x.
    case floor
    /// The next integer not below x.
    case ceiling
    /// The nearest integer; halves go to the even one.
    case round
    /// The sine.
    case sine
    /// The cosine.
    case cosine
    /// The error function.
    case errorFunction
    /// The hyperbolic tangent.
    case hyperbolicTangent
    /// 1 / (1 + e^−x).
    case sigmoid
    /// x · Φ(x) with the normal distribution Φ.
    case gelu
    /// x · Φ(x) with the approximation by a hyperbolic tangent.
    case geluTanh
  }

  /// y = f(x).
  package static func apply(
    _ function: RealFunction, _ x: TensorView, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32:
      if let vectorized = function.vectorized {
        applyVectorized(vectorized, x, into: y, options)
      } else {
        apply(function, x, into: y, options, Float.self)
      }
    default: apply(function, x, into: y, options, Double.self)
    }
  }

  /// y = max(x, 0), which keeps NaN.
  package static func relu(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: applyVectorized(.relu, x, into: y, options)
    case .float64: map(x, into: y, options) { (v: Double) in v < 0 ? 0 : v }
    case .int64: map(x, into: y, options) { (v: Int64) in v < 0 ? 0 : v }
    case .int32: map(x, into: y, options) { (v: Int32) in v < 0 ? 0 : v }
    case .int8: map(x, into: y, options) { (v: Int8) in v < 0 ? 0 : v }
    default: DataMovement.copy(x, into: y)
    }
  }

  /// The gradient of `relu` from its result: dx = dy where y > 0, else 0; dx may be either.
  package static func reluGradient(
    _ y: TensorView, _ dy: TensorView, into dx: TensorView, _ options: KernelOptions
  ) {
    switch y.elementType {
    case .float32: applyGradientVectorized(.relu, y, dy, into: dx, options)
    default: combine(y, dy, into: dx, options) { (v: Double, slope: Double) in v > 0 ? slope : 0 }
    }
  }

  /// The gradient of `gelu` or `geluTanh`: dx = dy · f'(x); dx may be dy.
  package static func geluGradient(
    _ x: TensorView, _ dy: TensorView, isTanh: Bool, into dx: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: applyGradientVectorized(isTanh ? .geluTanh : .gelu, x, dy, into: dx, options)
    default: geluGradient(x, dy, isTanh, dx, options, Double.self)
    }
  }

  private static func apply<Real: RealNumber>(
    _ function: RealFunction, _ x: TensorView, into y: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    switch function {
    case .squareRoot: map(x, into: y, options) { (v: Real) in v.squareRoot() }
    case .exponential: map(x, into: y, options) { (v: Real) in Real.exponential(v) }
    case .logarithm: map(x, into: y, options) { (v: Real) in Real.logarithm(v) }
    case .reciprocal: map(x, into: y, options) { (v: Real) in 1 / v }
    case .floor: map(x, into: y, options) { (v: Real) in v.rounded(.down) }
    case .ceiling: map(x, into: y, options) { (v: Real) in v.rounded(.up) }
    case .round: map(x, into: y, options) { (v: Real) in v.rounded(.toNearestOrEven) }
    case .sine: map(x, into: y, options) { (v: Real) in Real.sine(v) }
    case .cosine: map(x, into: y, options) { (v: Real) in Real.cosine(v) }
    case .errorFunction: map(x, into: y, options) { (v: Real) in Real.errorFunction(v) }
    case .hyperbolicTangent: map(x, into: y, options) { (v: Real) in Real.hyperbolicTangent(v) }
    case .sigmoid: map(x, into: y, options) { (v: Real) in 1 / (1 + Real.exponential(-v)) }
    case .gelu:
      let scale = Real(0.5).squareRoot()
      map(x, into: y, options) { (v: Real) in 0.5 * v * (1 + Real.errorFunction(v * scale)) }
    case .geluTanh:
      map(x, into: y, options) { (v: Real) in 0.5 * v * (1 + Real.hyperbolicTangent(geluArgument(v))) }
    }
  }

  private static func geluGradient<Real: RealNumber>(
    _ x: TensorView, _ dy: TensorView, _ isTanh: Bool, _ dx: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    if isTanh {
      combine(x, dy, into: dx, options) { (v: Real, g: Real) in
        let t = Real.hyperbolicTangent(geluArgument(v))
        let slope = geluFactor(Real.self) * (1 + Real(3 * 0.044715) * v * v)
        return g * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * slope)
      }
    } else {
      let scale = Real(0.5).squareRoot()
      let density = Real(0.3989422804014327)
      combine(x, dy, into: dx, options) { (v: Real, g: Real) in
        let distribution = 0.5 * (1 + Real.errorFunction(v * scale))
        return g * (distribution + v * density * Real.exponential(-0.5 * v * v))
      }
    }
  }

  /// √(2/π).
  @inline(__always)
  private static func geluFactor<Real: RealNumber>(_ type: Real.Type) -> Real { Real(0.7978845608028654) }

  /// √(2/π) · (x + 0.044715 x³).
  @inline(__always)
  private static func geluArgument<Real: RealNumber>(_ x: Real) -> Real {
    geluFactor(Real.self) * (x + Real(0.044715) * x * x * x)
  }
}

extension Elementwise.RealFunction {
  /// The C kernel for Float32, where there is one.
  fileprivate var vectorized: VectorMath.Function? {
    switch self {
    case .exponential: .exp
    case .errorFunction: .erf
    case .hyperbolicTangent: .tanh
    case .sigmoid: .sigmoid
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    default: nil
    }
  }
}
