package import Tensors

/// Floats of 16 bits as float32, which has each of their numbers, and back.
extension Elementwise {
  /// y = x for x in float16 or bfloat16 and y in float32.
  package static func widen(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    if x.elementType == .float16 {
      map(x.bits, into: y, options) { (v: UInt16) in Half.number(v) }
    } else {
      map(x.bits, into: y, options) { (v: UInt16) in Float(bitPattern: UInt32(v) << 16) }
    }
  }

  /// y = x rounded to the nearest number, of two the even one, for x in float32 and y in float16 or bfloat16; what is
  /// larger than all of them is infinite.
  package static func narrow(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    if y.elementType == .float16 {
      map(x, into: y.bits, options) { (v: Float) in Half.bits(v) }
    } else {
      map(x, into: y.bits, options) { (v: Float) in upperHalf(v) }
    }
  }

  /// The bits of the nearest bfloat16.
  @inline(__always)
  private static func upperHalf(_ number: Float) -> UInt16 {
    let bits = number.bitPattern
    // Rounding could make a number of what is none.
    guard number == number else { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }
}

extension TensorView {
  /// The bits of floats of 16 bits.
  fileprivate var bits: TensorView {
    TensorView(elementType: .uint16, shape: shape, storage: storage, byteOffset: byteOffset)
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

  /// The bit pattern of the number nearest to another one.
  @inline(__always)
  static func bits(_ number: Float) -> UInt16 {
    let sign = UInt16(number.bitPattern >> 16) & 0x8000
    let magnitude = number.bitPattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 | UInt16(magnitude >> 13 & 0x3FF) }
    // Half the way from the largest number to what would come next.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    // Below the smallest exponent numbers are multiples of 2⁻²⁴.
    if magnitude < 0x3880_0000 {
      return sign | UInt16((Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven))
    }
    let rounded = magnitude + 0xFFF + (magnitude >> 13 & 1)
    return sign | UInt16((rounded - 0x3800_0000) >> 13)
  }
}
