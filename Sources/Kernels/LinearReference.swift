import Glibc
package import Tensors

/// Activation that a product applies before it is written.
package enum ProductActivation: String, Sendable, CaseIterable {
  /// None.
  case none
  /// max(x, 0).
  case relu
  /// x · Φ(x) with the exact error function.
  case gelu
}

/// Plain products of rows with a matrix: the reference for packed ones, and what Float64 runs.
///
/// Letters: m rows, k inner extent, n columns.
package enum LinearReference {
  /// y = activation(x · W + bias) + residual.
  ///
  /// Shapes: x [m, k], W [k, n] or [n, k] where `transposed`, bias [n], residual and y [m, n]. Sums with k ascending.
  package static func multiply(
    _ x: TensorView, _ w: TensorView, transposed: Bool, bias: TensorView?, residual: TensorView?,
    activation: ProductActivation, rows m: Int, depth k: Int, columns n: Int, into y: TensorView
  ) {
    switch x.elementType {
    case .float32: multiply(Float.self, x, w, transposed, bias, residual, activation, m, k, n, y)
    default: multiply(Double.self, x, w, transposed, bias, residual, activation, m, k, n, y)
    }
  }

  /// dW = Xᵀ · dY [k, n], or its transpose [n, k] where `transposed`.
  ///
  /// Sums with m ascending.
  package static func weightGradient(
    _ x: TensorView, _ dy: TensorView, transposed: Bool, rows m: Int, depth k: Int, columns n: Int,
    into dw: TensorView
  ) {
    switch x.elementType {
    case .float32: weightGradient(Float.self, x, dy, transposed, m, k, n, dw)
    default: weightGradient(Double.self, x, dy, transposed, m, k, n, dw)
    }
  }

  private static func multiply<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ x: TensorView, _ w: TensorView, _ transposed: Bool, _ bias: TensorView?,
    _ residual: TensorView?, _ activation: ProductActivation, _ m: Int, _ k: Int, _ n: Int, _ y: TensorView
  ) {
    let x = unsafe x.buffer(of: type)
    let w = unsafe w.buffer(of: type)
    let bias = unsafe bias?.buffer(of: type)
    let residual = unsafe residual?.buffer(of: type)
    let y = unsafe y.buffer(of: type)
    let rowStride = transposed ? 1 : n
    let columnStride = transposed ? k : 1
    for row in 0..<m {
      for column in 0..<n {
        var sum: Element = 0
        for inner in 0..<k {
          unsafe sum += x[row * k + inner] * w[inner * rowStride + column * columnStride]
        }
        if let bias = unsafe bias { unsafe sum += bias[column] }
        sum = activated(sum, activation)
        if let residual = unsafe residual { unsafe sum += residual[row * n + column] }
        unsafe y[row * n + column] = sum
      }
    }
  }

  private static func activated<Element: BinaryFloatingPoint>(
    _ value: Element, _ activation: ProductActivation
  ) -> Element {
    switch activation {
    case .none: return value
    case .relu: return value < 0 ? 0 : value
    case .gelu:
      let x = Double(value)
      return Element(0.5 * x * (1 + erf(x * 0.5.squareRoot())))
    }
  }

  private static func weightGradient<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ x: TensorView, _ dy: TensorView, _ transposed: Bool, _ m: Int, _ k: Int,
    _ n: Int, _ dw: TensorView
  ) {
    let x = unsafe x.buffer(of: type)
    let dy = unsafe dy.buffer(of: type)
    let dw = unsafe dw.buffer(of: type)
    let rowStride = transposed ? 1 : n
    let columnStride = transposed ? k : 1
    for inner in 0..<k {
      for column in 0..<n {
        var sum: Element = 0
        for row in 0..<m { unsafe sum += x[row * k + inner] * dy[row * n + column] }
        unsafe dw[inner * rowStride + column * columnStride] = sum
      }
    }
  }
}
