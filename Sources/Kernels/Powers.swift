import Glibc
package import Tensors

/// Powers with bases and exponents of different types.
extension Elementwise {
  /// c = a^b in the type of a; integer powers wrap around.
  package static func power(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch (a.elementType, b.elementType) {
    case (.float32, .float32): realPower(a, b, into: c, options, Float.self)
    case (.float64, .float64): realPower(a, b, into: c, options, Double.self)
    case (.float32, .float64):
      combine(a, b, into: c, options) { (x: Float, y: Double) in Float(pow(Double(x), y)) }
    case (.float32, .int64): combine(a, b, into: c, options) { (x: Float, y: Int64) in pow(x, Float(y)) }
    case (.float32, .int32): combine(a, b, into: c, options) { (x: Float, y: Int32) in pow(x, Float(y)) }
    case (.float64, .float32): combine(a, b, into: c, options) { (x: Double, y: Float) in pow(x, Double(y)) }
    case (.float64, .int64): combine(a, b, into: c, options) { (x: Double, y: Int64) in pow(x, Double(y)) }
    case (.float64, .int32): combine(a, b, into: c, options) { (x: Double, y: Int32) in pow(x, Double(y)) }
    case (.int64, .float32): combine(a, b, into: c, options) { (x: Int64, y: Float) in rounded(x, y) }
    case (.int64, .float64): combine(a, b, into: c, options) { (x: Int64, y: Double) in rounded(x, y) }
    case (.int64, .int64): combine(a, b, into: c, options) { (x: Int64, y: Int64) in integerPower(x, y) }
    case (.int64, .int32):
      combine(a, b, into: c, options) { (x: Int64, y: Int32) in integerPower(x, Int64(y)) }
    case (.int32, .float32): combine(a, b, into: c, options) { (x: Int32, y: Float) in rounded(x, y) }
    case (.int32, .float64): combine(a, b, into: c, options) { (x: Int32, y: Double) in rounded(x, y) }
    case (.int32, .int64): combine(a, b, into: c, options) { (x: Int32, y: Int64) in integerPower(x, y) }
    default: combine(a, b, into: c, options) { (x: Int32, y: Int32) in integerPower(x, Int64(y)) }
    }
  }

  /// Squares and cubes, the powers that models use, need no logarithm.
  private static func realPower<Real: RealNumber>(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions, _ type: Real.Type
  ) {
    let exponent = unsafe b.count == 1 ? b.buffer(of: Real.self)[0] : .nan
    if exponent == 2, a.count == c.count {
      map(a, into: c, options) { (x: Real) in x * x }
    } else if exponent == 3, a.count == c.count {
      map(a, into: c, options) { (x: Real) in x * x * x }
    } else {
      combine(a, b, into: c, options) { (x: Real, y: Real) in Real.power(x, y) }
    }
  }

  @inline(__always)
  private static func rounded<Integer: FixedWidthInteger, Real: RealNumber>(
    _ base: Integer, _ exponent: Real
  ) -> Integer {
    saturating(pow(Double(base), Double(exponent)))
  }

  /// x^n by repeated squaring; a negative n gives the truncated reciprocal, and 0 for x = 0.
  @inline(__always)
  private static func integerPower<Integer: FixedWidthInteger>(_ x: Integer, _ n: Int64) -> Integer {
    guard n >= 0 else {
      guard x != 1 else { return 1 }
      return x == 0 &- 1 ? (n & 1 == 0 ? 1 : x) : 0
    }
    var result: Integer = 1
    var square = x
    var rest = n
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}
