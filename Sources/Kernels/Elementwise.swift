package import Tensors

/// Elementwise arithmetic with broadcasting.
package enum Elementwise {
  /// y = max(x, 0), which keeps NaN.
  package static func relu(_ x: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: map(x, y) { (v: Float) in v < 0 ? 0 : v }
    default: map(x, y) { (v: Double) in v < 0 ? 0 : v }
    }
  }

  @inline(__always)
  private static func map<Element: Scalar>(
    _ x: TensorView, _ y: TensorView, _ body: (Element) -> Element
  ) {
    let source = unsafe x.buffer(of: Element.self)
    let target = unsafe y.buffer(of: Element.self)
    for index in 0..<x.count { unsafe target[index] = body(source[index]) }
  }
}
