import Glibc
package import Tensors

/// The two floating-point types that kernels compute with, and the C library's functions on them.
package protocol RealNumber: Scalar, BinaryFloatingPoint {
  /// e^x.
  static func exponential(_ x: Self) -> Self
  /// e^x − 1, exact to the last places near 0.
  static func exponentialMinusOne(_ x: Self) -> Self
  /// The natural logarithm.
  static func logarithm(_ x: Self) -> Self
  /// ln(1 + x), exact to the last places near 0.
  static func logarithmOfOnePlus(_ x: Self) -> Self
  /// The sine of x in radians.
  static func sine(_ x: Self) -> Self
  /// The cosine of x in radians.
  static func cosine(_ x: Self) -> Self
  /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
  static func errorFunction(_ x: Self) -> Self
  /// The hyperbolic tangent.
  static func hyperbolicTangent(_ x: Self) -> Self
  /// x to the power y.
  static func power(_ x: Self, _ y: Self) -> Self
}

extension Float: RealNumber {
  package static func exponential(_ x: Float) -> Float { exp(x) }
  package static func exponentialMinusOne(_ x: Float) -> Float { expm1(x) }
  package static func logarithm(_ x: Float) -> Float { log(x) }
  package static func logarithmOfOnePlus(_ x: Float) -> Float { log1p(x) }
  package static func sine(_ x: Float) -> Float { sin(x) }
  package static func cosine(_ x: Float) -> Float { cos(x) }
  package static func errorFunction(_ x: Float) -> Float { erf(x) }
  package static func hyperbolicTangent(_ x: Float) -> Float { tanh(x) }
  package static func power(_ x: Float, _ y: Float) -> Float { pow(x, y) }
}

extension Double: RealNumber {
  package static func exponential(_ x: Double) -> Double { exp(x) }
  package static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  package static func logarithm(_ x: Double) -> Double { log(x) }
  package static func logarithmOfOnePlus(_ x: Double) -> Double { log1p(x) }
  package static func sine(_ x: Double) -> Double { sin(x) }
  package static func cosine(_ x: Double) -> Double { cos(x) }
  package static func errorFunction(_ x: Double) -> Double { erf(x) }
  package static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  package static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
}
