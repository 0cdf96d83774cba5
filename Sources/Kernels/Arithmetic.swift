package import Tensors

/// Arithmetic on the numeric element types; integers wrap around.
extension Elementwise {
  /// c = a + b.
  package static func add(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32:
      guard !combineVectorized(.add, a, b, into: c, options) else { return }
      combine(a, b, into: c, options) { (x: Float, y: Float) in x + y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x + y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in x &+ y }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in x &+ y }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in x &+ y }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in x &+ y }
    }
  }

  /// c = a − b.
  package static func subtract(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32:
      guard !combineVectorized(.subtract, a, b, into: c, options) else { return }
      combine(a, b, into: c, options) { (x: Float, y: Float) in x - y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x - y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in x &- y }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in x &- y }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in x &- y }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in x &- y }
    }
  }

  /// c = a · b.
  package static func multiply(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32:
      guard !combineVectorized(.multiply, a, b, into: c, options) else { return }
      combine(a, b, into: c, options) { (x: Float, y: Float) in x * y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x * y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in x &* y }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in x &* y }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in x &* y }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in x &* y }
    }
  }

  /// c = a / b; integers are truncated towards zero and b must have no zero among them.
  package static func divide(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32:
      guard !combineVectorized(.divide, a, b, into: c, options) else { return }
      combine(a, b, into: c, options) { (x: Float, y: Float) in x / y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x / y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in quotient(x, y) }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in quotient(x, y) }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in quotient(x, y) }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in quotient(x, y) }
    }
  }

  /// c = a mod b with the sign of b, as Python's `%`; integer b must have no zero.
  package static func floorModulo(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32: combine(a, b, into: c, options) { (x: Float, y: Float) in floorRemainder(x, y) }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in floorRemainder(x, y) }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in floorRemainder(x, y) }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in floorRemainder(x, y) }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in floorRemainder(x, y) }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in floorRemainder(x, y) }
    }
  }

  /// c = a mod b with the sign of a, as C's `fmod`; integer b must have no zero.
  package static func truncatedModulo(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32:
      combine(a, b, into: c, options) { (x: Float, y: Float) in x.truncatingRemainder(dividingBy: y) }
    case .float64:
      combine(a, b, into: c, options) { (x: Double, y: Double) in x.truncatingRemainder(dividingBy: y) }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in remainder(x, y) }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in remainder(x, y) }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in remainder(x, y) }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in remainder(x, y) }
    }
  }

  /// c = the smaller of a and b; NaN wins.
  package static func minimum(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32: combine(a, b, into: c, options) { (x: Float, y: Float) in x < y || x != x ? x : y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x < y || x != x ? x : y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in min(x, y) }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in min(x, y) }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in min(x, y) }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in min(x, y) }
    }
  }

  /// c = the larger of a and b; NaN wins.
  package static func maximum(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32: combine(a, b, into: c, options) { (x: Float, y: Float) in x > y || x != x ? x : y }
    case .float64: combine(a, b, into: c, options) { (x: Double, y: Double) in x > y || x != x ? x : y }
    case .int64: combine(a, b, into: c, options) { (x: Int64, y: Int64) in max(x, y) }
    case .int32: combine(a, b, into: c, options) { (x: Int32, y: Int32) in max(x, y) }
    case .int8: combine(a, b, into: c, options) { (x: Int8, y: Int8) in max(x, y) }
    default: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in max(x, y) }
    }
  }

  /// y = −x.
  package static func negate(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: map(x, into: y, options) { (v: Float) in -v }
    case .float64: map(x, into: y, options) { (v: Double) in -v }
    case .int64: map(x, into: y, options) { (v: Int64) in 0 &- v }
    case .int32: map(x, into: y, options) { (v: Int32) in 0 &- v }
    case .int8: map(x, into: y, options) { (v: Int8) in 0 &- v }
    default: map(x, into: y, options) { (v: UInt8) in 0 &- v }
    }
  }

  /// y = |x|; the smallest integer stays as it is.
  package static func absolute(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: map(x, into: y, options) { (v: Float) in v.magnitude }
    case .float64: map(x, into: y, options) { (v: Double) in v.magnitude }
    case .int64: map(x, into: y, options) { (v: Int64) in v < 0 ? 0 &- v : v }
    case .int32: map(x, into: y, options) { (v: Int32) in v < 0 ? 0 &- v : v }
    case .int8: map(x, into: y, options) { (v: Int8) in v < 0 ? 0 &- v : v }
    default: DataMovement.copy(x, into: y)
    }
  }

  /// y = −1 where x < 0, 1 where x > 0, else x, which keeps NaN.
  package static func sign(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: map(x, into: y, options) { (v: Float) in v < 0 ? -1 : v > 0 ? 1 : v }
    case .float64: map(x, into: y, options) { (v: Double) in v < 0 ? -1 : v > 0 ? 1 : v }
    case .int64: map(x, into: y, options) { (v: Int64) in v.signum() }
    case .int32: map(x, into: y, options) { (v: Int32) in v.signum() }
    case .int8: map(x, into: y, options) { (v: Int8) in v.signum() }
    default: map(x, into: y, options) { (v: UInt8) in v.signum() }
    }
  }

  /// Whether an integer tensor holds a zero.
  package static func containsZero(_ x: TensorView) -> Bool {
    switch x.elementType {
    case .int64: unsafe x.buffer(of: Int64.self).contains(0)
    case .int32: unsafe x.buffer(of: Int32.self).contains(0)
    case .int8: unsafe x.buffer(of: Int8.self).contains(0)
    case .uint8: unsafe x.buffer(of: UInt8.self).contains(0)
    default: false
    }
  }

  @inline(__always)
  private static func quotient<Integer: FixedWidthInteger>(_ x: Integer, _ y: Integer) -> Integer {
    x.dividedReportingOverflow(by: y).partialValue
  }

  @inline(__always)
  private static func remainder<Integer: FixedWidthInteger>(_ x: Integer, _ y: Integer) -> Integer {
    x.remainderReportingOverflow(dividingBy: y).partialValue
  }

  @inline(__always)
  private static func floorRemainder<Integer: FixedWidthInteger>(_ x: Integer, _ y: Integer) -> Integer {
    let rest = remainder(x, y)
    return rest != 0 && (rest < 0) != (y < 0) ? rest &+ y : rest
  }

  @inline(__always)
  private static func floorRemainder<Real: RealNumber>(_ x: Real, _ y: Real) -> Real {
    let rest = x.truncatingRemainder(dividingBy: y)
    guard rest != 0 else { return y.sign == .minus ? -(rest.magnitude) : rest.magnitude }
    return (rest < 0) != (y < 0) ? rest + y : rest
  }
}
