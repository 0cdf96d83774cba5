package import Tensors

/// Scaling and adding of matrices in place.
package enum MatrixSum {
  /// y = α · y + β · c, where element (i, j) of c lies at i · strides[0] + j · strides[1].
  package static func scale(
    _ y: TensorView, by alpha: Float, adding c: TensorView?, strides: [Int], times beta: Float
  ) {
    switch y.elementType {
    case .float32: scale(y, alpha, c, strides, beta, Float.self)
    default: scale(y, Double(alpha), c, strides, Double(beta), Double.self)
    }
  }

  @inline(__always)
  private static func scale<Element: Scalar & BinaryFloatingPoint>(
    _ y: TensorView, _ alpha: Element, _ c: TensorView?, _ strides: [Int], _ beta: Element,
    _ type: Element.Type
  ) {
    let (rows, columns) = (y.shape.extents[0], y.shape.extents[1])
    let result = unsafe y.words(type)
    guard let c else {
      for index in 0..<y.count { unsafe result[index] *= alpha }
      return
    }
    let addend = unsafe c.words(type)
    for i in 0..<rows {
      let row = unsafe result + i * columns
      let line = unsafe addend + i * strides[0]
      let step = strides[1]
      for j in 0..<columns { unsafe row[j] = alpha * row[j] + beta * line[j * step] }
    }
  }
}

extension MatrixSum {
  /// Sets every element to one.
  package static func fillOnes(_ y: TensorView) {
    switch y.elementType {
    case .float32: unsafe y.words(Float.self).update(repeating: 1, count: y.count)
    default: unsafe y.words(Double.self).update(repeating: 1, count: y.count)
    }
  }
}
