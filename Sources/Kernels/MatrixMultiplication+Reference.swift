internal import Foundation

/// The product as its definition says: what every fast path is compared with.
package enum ReferenceProduct {
  /// C = alpha · A · B + beta · C, k ascending, in the scalar type; beta 0 does not read C.
  package static func multiply<Scalar: BinaryFloatingPoint>(
    _ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, m: Int, n: Int, k: Int, alpha: Scalar, beta: Scalar,
    into c: UnsafeMutablePointer<Scalar>, rowStride: Int
  ) {
    for i in 0..<m {
      for j in 0..<n {
        var sum: Scalar = 0
        for depth in 0..<k {
          unsafe sum +=
            a.elements[i * a.rowStride + depth * a.columnStride]
            * b.elements[depth * b.rowStride + j * b.columnStride]
        }
        let start = unsafe beta == 0 ? 0 : beta * c[i * rowStride + j]
        unsafe c[i * rowStride + j] = alpha * sum + start
      }
    }
  }

  /// The whole product with its epilogue.
  package static func multiply<Scalar: BinaryFloatingPoint>(
    _ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, m: Int, n: Int, k: Int,
    into c: UnsafeMutablePointer<Scalar>, rowStride: Int, epilogue: MatrixEpilogue<Scalar>
  ) {
    unsafe multiply(
      a, b, m: m, n: n, k: k, alpha: epilogue.alpha, beta: epilogue.accumulates ? 1 : 0, into: c,
      rowStride: rowStride)
    unsafe epilogue.finish(c, rowStride: rowStride, rows: 0..<m, columns: n)
  }

  /// x · Φ(x).
  package static func gelu(_ x: Double) -> Double { x * 0.5 * erfc(-x * 0.5.squareRoot()) }
}

extension MatrixEpilogue where Scalar: BinaryFloatingPoint {
  /// Applies everything after the sums, which C already holds, to some rows.
  package func finish(
    _ c: UnsafeMutablePointer<Scalar>, rowStride: Int, rows: Range<Int>, columns: Int
  ) {
    for i in rows {
      for j in 0..<columns {
        var x = unsafe c[i * rowStride + j]
        if let bias = unsafe bias { unsafe x += bias[j] }
        if let rowBias = unsafe rowBias { unsafe x += rowBias[i] }
        if unsafe activation == .gelu { x = Scalar(ReferenceProduct.gelu(Double(x))) }
        if let residual = unsafe residual { unsafe x += residual[i * residualRowStride + j] }
        if unsafe activation == .relu { x = max(x, 0) }
        if unsafe activation == .clip { unsafe x = min(max(x, Scalar(lower)), Scalar(upper)) }
        unsafe c[i * rowStride + j] = x
      }
    }
  }
}
