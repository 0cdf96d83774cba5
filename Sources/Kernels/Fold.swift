import Tensors

/// How a reduction joins elements, one at a time and eight at a time.
protocol Fold<Element> {
  associatedtype Element: Scalar & SIMDScalar
  /// What joining begins with.
  static var start: Element { get }
  /// What is joined for an element.
  static func prepare(_ x: Element) -> Element
  static func prepare(_ x: SIMD8<Element>) -> SIMD8<Element>
  /// Joins two prepared elements.
  static func join(_ a: Element, _ b: Element) -> Element
  static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element>
}

extension Fold {
  @inline(__always) static func prepare(_ x: Element) -> Element { x }
  @inline(__always) static func prepare(_ x: SIMD8<Element>) -> SIMD8<Element> { x }
}

/// Σ x.
enum RealSum<Element: RealNumber & SIMDScalar>: Fold {
  static var start: Element { 0 }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a + b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a + b }
}

/// Σ x².
enum RealSquareSum<Element: RealNumber & SIMDScalar>: Fold {
  static var start: Element { 0 }
  @inline(__always) static func prepare(_ x: Element) -> Element { x * x }
  @inline(__always) static func prepare(_ x: SIMD8<Element>) -> SIMD8<Element> { x * x }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a + b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a + b }
}

/// Π x.
enum RealProduct<Element: RealNumber & SIMDScalar>: Fold {
  static var start: Element { 1 }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a * b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a * b }
}

/// The largest x; NaN wins.
enum RealMaximum<Element: RealNumber & SIMDScalar>: Fold {
  static var start: Element { -.infinity }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { b > a || b != b ? b : a }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> {
    a.replacing(with: b, where: (b .> a) .| (b .!= b))
  }
}

/// The smallest x; NaN wins.
enum RealMinimum<Element: RealNumber & SIMDScalar>: Fold {
  static var start: Element { .infinity }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { b < a || b != b ? b : a }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> {
    a.replacing(with: b, where: (b .< a) .| (b .!= b))
  }
}

/// Σ x, wrapping around.
enum IntegerSum<Element: FixedWidthInteger & Scalar & SIMDScalar>: Fold {
  static var start: Element { 0 }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a &+ b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a &+ b }
}

/// Σ x², wrapping around.
enum IntegerSquareSum<Element: FixedWidthInteger & Scalar & SIMDScalar>: Fold {
  static var start: Element { 0 }
  @inline(__always) static func prepare(_ x: Element) -> Element { x &* x }
  @inline(__always) static func prepare(_ x: SIMD8<Element>) -> SIMD8<Element> { x &* x }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a &+ b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a &+ b }
}

/// Π x, wrapping around.
enum IntegerProduct<Element: FixedWidthInteger & Scalar & SIMDScalar>: Fold {
  static var start: Element { 1 }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { a &* b }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> { a &* b }
}

/// The largest x.
enum IntegerMaximum<Element: FixedWidthInteger & Scalar & SIMDScalar>: Fold {
  static var start: Element { .min }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { max(a, b) }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> {
    pointwiseMax(a, b)
  }
}

/// The smallest x.
enum IntegerMinimum<Element: FixedWidthInteger & Scalar & SIMDScalar>: Fold {
  static var start: Element { .max }
  @inline(__always) static func join(_ a: Element, _ b: Element) -> Element { min(a, b) }
  @inline(__always) static func join(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element> {
    pointwiseMin(a, b)
  }
}
