package import Tensors

/// Comparisons, logic and choice; truth values are bytes 0 and 1.
extension Elementwise {
  /// A comparison of numbers.
  package enum Comparison: Sendable {
    /// a = b.
    case equal
    /// a > b.
    case greater
    /// a < b.
    case less
    /// a ≥ b.
    case greaterOrEqual
    /// a ≤ b.
    case lessOrEqual
  }

  /// A connective of two truth values.
  package enum Connective: Sendable {
    /// Both.
    case and
    /// At least one.
    case or
    /// Exactly one.
    case exclusiveOr
  }

  /// c = whether the comparison holds.
  package static func compare(
    _ comparison: Comparison, _ a: TensorView, _ b: TensorView, into c: TensorView,
    _ options: KernelOptions
  ) {
    let c = c.truthBytes
    switch a.elementType {
    case .float32: compare(comparison, a, b, c, options, Float.self)
    case .float64: compare(comparison, a, b, c, options, Double.self)
    case .int64: compare(comparison, a, b, c, options, Int64.self)
    case .int32: compare(comparison, a, b, c, options, Int32.self)
    case .int8: compare(comparison, a, b, c, options, Int8.self)
    case .uint8: compare(comparison, a, b, c, options, UInt8.self)
    default:
      combine(a.truthBytes, b.truthBytes, into: c, options) { (x: UInt8, y: UInt8) in
        byte((x != 0) == (y != 0))
      }
    }
  }

  /// c = a connected with b.
  package static func connect(
    _ connective: Connective, _ a: TensorView, _ b: TensorView, into c: TensorView,
    _ options: KernelOptions
  ) {
    let (a, b, c) = (a.truthBytes, b.truthBytes, c.truthBytes)
    switch connective {
    case .and: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in byte(x != 0 && y != 0) }
    case .or: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in byte(x | y != 0) }
    case .exclusiveOr: combine(a, b, into: c, options) { (x: UInt8, y: UInt8) in byte((x != 0) != (y != 0)) }
    }
  }

  /// y = the opposite of x.
  package static func not(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    map(x.truthBytes, into: y.truthBytes, options) { (v: UInt8) in byte(v == 0) }
  }

  /// y = whether x is not a number.
  package static func isNaN(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: map(x, into: y.truthBytes, options) { (v: Float) in byte(v != v) }
    default: map(x, into: y.truthBytes, options) { (v: Double) in byte(v != v) }
    }
  }

  /// y = whether x is infinite, on the sides that are asked for.
  package static func isInfinite(
    _ x: TensorView, negative: Bool, positive: Bool, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: isInfinite(x, negative, positive, y, options, Float.self)
    default: isInfinite(x, negative, positive, y, options, Double.self)
    }
  }

  private static func isInfinite<Real: RealNumber>(
    _ x: TensorView, _ negative: Bool, _ positive: Bool, _ y: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    map(x, into: y.truthBytes, options) { (v: Real) in
      byte(negative && v == -.infinity || positive && v == .infinity)
    }
  }

  /// y = a where the condition holds, else b; all three broadcast.
  package static func choose(
    _ condition: TensorView, _ a: TensorView, _ b: TensorView, into y: TensorView,
    _ options: KernelOptions
  ) {
    let condition = condition.truthBytes
    switch y.elementType {
    case .float32: choose(condition, a, b, y, options, Float.self)
    case .float64: choose(condition, a, b, y, options, Double.self)
    case .int64: choose(condition, a, b, y, options, Int64.self)
    case .int32: choose(condition, a, b, y, options, Int32.self)
    case .int8: choose(condition, a, b, y, options, Int8.self)
    case .uint8: choose(condition, a, b, y, options, UInt8.self)
    default: choose(condition, a.truthBytes, b.truthBytes, y.truthBytes, options, UInt8.self)
    }
  }

  @inline(__always)
  private static func byte(_ value: Bool) -> UInt8 { value ? 1 : 0 }

  private static func compare<Element: Scalar & Comparable>(
    _ comparison: Comparison, _ a: TensorView, _ b: TensorView, _ c: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    switch comparison {
    case .equal: combine(a, b, into: c, options) { (x: Element, y: Element) in byte(x == y) }
    case .greater: combine(a, b, into: c, options) { (x: Element, y: Element) in byte(x > y) }
    case .less: combine(a, b, into: c, options) { (x: Element, y: Element) in byte(x < y) }
    case .greaterOrEqual: combine(a, b, into: c, options) { (x: Element, y: Element) in byte(x >= y) }
    case .lessOrEqual: combine(a, b, into: c, options) { (x: Element, y: Element) in byte(x <= y) }
    }
  }

  private static func choose<Element: Scalar>(
    _ condition: TensorView, _ a: TensorView, _ b: TensorView, _ y: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let mask = unsafe condition.buffer(of: UInt8.self)
    let first = unsafe a.buffer(of: Element.self)
    let second = unsafe b.buffer(of: Element.self)
    let target = unsafe y.buffer(of: Element.self)
    let walk = BroadcastWalk(y.shape, condition.shape, a.shape, b.shape)
    let (maskStride, firstStride, secondStride) = walk.rowStrides
    walk.forEachSegment(options) { part in
      if maskStride == 1, firstStride == 1, secondStride == 0 {
        let fixed = unsafe second[part.third]
        for index in 0..<part.count {
          unsafe target[part.target + index] =
            mask[part.first + index] != 0 ? first[part.second + index] : fixed
        }
      } else {
        for index in 0..<part.count {
          unsafe target[part.target + index] =
            mask[part.first + index * maskStride] != 0
            ? first[part.second + index * firstStride] : second[part.third + index * secondStride]
        }
      }
    }
  }
}
