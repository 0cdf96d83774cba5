package import Tensors

/// Conversion between element types.
///
/// Floating point becomes integer by dropping the fraction; values beyond the target's range give its nearest
/// bound and NaN gives 0. Integers narrow by dropping upper bits. Everything but 0 is true. Floats of 16 bits, in which weights
/// may be stored, are read and not made.
extension Elementwise {
  /// y = x in the element type of y.
  package static func convert(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: convertReal(x, y, options, Float.self)
    case .float64: convertReal(x, y, options, Double.self)
    case .float16: convertHalf(x, y, options) { Half.number($0) }
    case .bfloat16: convertHalf(x, y, options) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: convertInteger(x, y, options, Int64.self)
    case .int32: convertInteger(x, y, options, Int32.self)
    case .int8: convertInteger(x, y, options, Int8.self)
    case .uint8: convertInteger(x, y, options, UInt8.self)
    default: convertTruth(x.truthBytes, y, options)
    }
  }

  /// y = x where x holds floats of 16 bits, each of which has a number in Float32.
  private static func convertHalf(
    _ x: TensorView, _ y: TensorView, _ options: KernelOptions, _ widen: (UInt16) -> Float
  ) {
    let bits = TensorView(elementType: .uint16, shape: x.shape, storage: x.storage, byteOffset: x.byteOffset)
    switch y.elementType {
    case .float32: map(bits, into: y, options) { (v: UInt16) in widen(v) }
    case .float64: map(bits, into: y, options) { (v: UInt16) in Double(widen(v)) }
    case .int64: map(bits, into: y, options) { (v: UInt16) in saturating(widen(v)) as Int64 }
    case .int32: map(bits, into: y, options) { (v: UInt16) in saturating(widen(v)) as Int32 }
    case .int8: map(bits, into: y, options) { (v: UInt16) in saturating(widen(v)) as Int8 }
    case .uint8: map(bits, into: y, options) { (v: UInt16) in saturating(widen(v)) as UInt8 }
    default: map(bits, into: y.truthBytes, options) { (v: UInt16) in widen(v) != 0 ? 1 as UInt8 : 0 }
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

/// IEEE floats of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
private enum Half {
  /// The number of a bit pattern.
  @inline(__always)
  static func number(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF)
    // Exponents are counted from 15 and from 127; what has none below is made by a power of two, and infinity stays.
    if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
    let shifted = Float(bitPattern: magnitude << 13) * 0x1p112
    return Float(bitPattern: sign | shifted.bitPattern)
  }
}
