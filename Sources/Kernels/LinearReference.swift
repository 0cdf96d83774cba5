package import Tensors

/// Plain products of rows with a matrix: the reference for packed ones, and what Float64 runs.
///
/// Letters: m rows, k inner extent, n columns.
package enum LinearReference {
  /// y = activation(x · W + bias + residual); GELU is applied before the residual is added.
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
        if activation == .gelu { sum = activation.applied(to: sum) }
        if let residual = unsafe residual { unsafe sum += residual[row * n + column] }
        unsafe y[row * n + column] = activation == .gelu ? sum : activation.applied(to: sum)
      }
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
