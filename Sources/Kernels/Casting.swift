package import Tensors

/// Conversion between element types.
///
/// Floating point becomes integer by dropping the fraction; values beyond the target's range give its nearest
/// bound and NaN gives 0. Integers narrow by dropping upper bits. Everything but 0 is true.
extension Elementwise {
  /// y = x in the element type of y.
  package static func convert(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: convertReal(x, y, options, Float.self)
    case .float64: convertReal(x, y, options, Double.self)
    case .int64: convertInteger(x, y, options, Int64.self)
    case .int32: convertInteger(x, y, options, Int32.self)
    case .int8: convertInteger(x, y, options, Int8.self)
    case .uint8: convertInteger(x, y, options, UInt8.self)
    default: convertTruth(x.truthBytes, y, options)
    }
  }

  /// The nearest integer towards zero that the type can hold; 0 for NaN.
  @inline(__always)
  static func saturating<Integer: FixedWidthInteger, Real: RealNumber>(_ value: Real) -> Integer {
    if let exact = Integer(exactly: value.rounded(.towardZero)) { return exact }
    guard value == value else { return 0 }
    return value < 0 ? .min : .max
  }

  private static func convertReal<Real: RealNumber>(
    _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Real.Type
  ) {
    switch y.elementType {
    case .float32: map(x, into: y, options) { (v: Real) in Float(v) }
    case .float64: map(x, into: y, options) { (v: Real) in Double(v) }
    case .int64: map(x, into: y, options) { (v: Real) in saturating(v) as Int64 }
    case .int32: map(x, into: y, options) { (v: Real) in saturating(v) as Int32 }
    case .int8: map(x, into: y, options) { (v: Real) in saturating(v) as Int8 }
    case .uint8: map(x, into: y, options) { (v: Real) in saturating(v) as UInt8 }
    default: map(x, into: y.truthBytes, options) { (v: Real) in v != 0 ? 1 as UInt8 : 0 }
    }
  }

  private static func convertInteger<Integer: FixedWidthInteger & Scalar>(
    _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Integer.Type
  ) {
    switch y.elementType {
    case .float32: map(x, into: y, options) { (v: Integer) in Float(v) }
    case .float64: map(x, into: y, options) { (v: Integer) in Double(v) }
    case .int64: map(x, into: y, options) { (v: Integer) in Int64(truncatingIfNeeded: v) }
    case .int32: map(x, into: y, options) { (v: Integer) in Int32(truncatingIfNeeded: v) }
    case .int8: map(x, into: y, options) { (v: Integer) in Int8(truncatingIfNeeded: v) }
    case .uint8: map(x, into: y, options) { (v: Integer) in UInt8(truncatingIfNeeded: v) }
    default: map(x, into: y.truthBytes, options) { (v: Integer) in v != 0 ? 1 as UInt8 : 0 }
    }
  }

  private static func convertTruth(_ x: TensorView, _ y: TensorView, _ options: KernelOptions) {
    switch y.elementType {
    case .float32: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as Float : 0 }
    case .float64: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as Double : 0 }
    case .int64: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as Int64 : 0 }
    case .int32: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as Int32 : 0 }
    case .int8: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as Int8 : 0 }
    case .uint8: map(x, into: y, options) { (v: UInt8) in v != 0 ? 1 as UInt8 : 0 }
    default: map(x, into: y.truthBytes, options) { (v: UInt8) in v != 0 ? 1 as UInt8 : 0 }
    }
  }
}
