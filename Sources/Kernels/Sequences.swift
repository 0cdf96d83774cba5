import Glibc
package import Tensors

/// Tensors that are made from numbers alone.
package enum Sequences {
  /// y[i] = start + i · step.
  package static func range(from start: TensorView, step: TensorView, into y: TensorView) {
    switch y.elementType {
    case .float32: fill(start, step, y, Float.self) { $0 + Float($2) * $1 }
    case .float64: fill(start, step, y, Double.self) { $0 + Double($2) * $1 }
    case .int64: fill(start, step, y, Int64.self) { $0 &+ Int64($2) &* $1 }
    default: fill(start, step, y, Int32.self) { $0 &+ Int32(truncatingIfNeeded: $2) &* $1 }
    }
  }

  /// y[i] = the one element of `value`.
  package static func fill(_ y: TensorView, with value: TensorView) {
    switch y.elementType {
    case .float32: fill(value, value, y, Float.self) { first, _, _ in first }
    case .float64: fill(value, value, y, Double.self) { first, _, _ in first }
    case .int64: fill(value, value, y, Int64.self) { first, _, _ in first }
    case .int32: fill(value, value, y, Int32.self) { first, _, _ in first }
    case .int8: fill(value, value, y, Int8.self) { first, _, _ in first }
    case .uint8: fill(value, value, y, UInt8.self) { first, _, _ in first }
    default:
      fill(value.truthBytes, value.truthBytes, y.truthBytes, UInt8.self) { first, _, _ in
        first == 0 ? 0 : 1
      }
    }
  }

  @inline(__always)
  private static func fill<Element: Scalar>(
    _ start: TensorView, _ step: TensorView, _ y: TensorView, _ type: Element.Type,
    _ body: (Element, Element, Int) -> Element
  ) {
    let first = unsafe start.buffer(of: Element.self)[0]
    let second = unsafe step.buffer(of: Element.self)[0]
    let target = unsafe y.buffer(of: Element.self)
    for index in 0..<y.count { unsafe target[index] = body(first, second, index) }
  }
}

extension Sequences {
  /// y[i] = 0, or false.
  package static func fillWithZeros(_ y: TensorView) {
    guard y.count > 0 else { return }
    unsafe memset(y.pointer, 0, y.byteCount)
  }

  /// y[i] = 1, or true.
  package static func fillWithOnes(_ y: TensorView) {
    switch y.elementType {
    case .float32: unsafe y.buffer(of: Float.self).update(repeating: 1)
    case .float64: unsafe y.buffer(of: Double.self).update(repeating: 1)
    case .int64: unsafe y.buffer(of: Int64.self).update(repeating: 1)
    case .int32: unsafe y.buffer(of: Int32.self).update(repeating: 1)
    case .int8: unsafe y.buffer(of: Int8.self).update(repeating: 1)
    case .uint8: unsafe y.buffer(of: UInt8.self).update(repeating: 1)
    default: unsafe y.truthBytes.buffer(of: UInt8.self).update(repeating: 1)
    }
  }

  /// Writes integers into an int64 view of as many elements.
  package static func write(_ integers: [Int], into y: TensorView) {
    let target = unsafe y.buffer(of: Int64.self)
    for index in 0..<y.count { unsafe target[index] = Int64(integers[index]) }
  }
}
