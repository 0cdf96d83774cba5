internal import COpenBLAS

/// OpenBLAS: the Float64 product, and the witness that tests hold beside our own kernels.
package enum BLAS {
  /// Rows per call.
  ///
  /// Fixed, because OpenBLAS' bits depend on the number of rows and on its thread count.
  package static let chunkRows = 48

  // OpenBLAS keeps its thread count in the library; each call of ours is one thread's, so it is set to 1 once.
  private static let singleThreaded: Void = openblas_set_num_threads(1)

  /// C = alpha · A · B + beta · C on the calling thread.
  ///
  /// A matrix without a unit stride is multiplied by the plain loop.
  package static func multiply(
    _ a: MatrixView<Double>, _ b: MatrixView<Double>, m: Int, n: Int, k: Int, alpha: Double, beta: Double,
    into c: UnsafeMutablePointer<Double>, rowStride: Int
  ) {
    guard m > 0, n > 0 else { return }
    guard let left = unsafe Form(a, rows: m, columns: k), let right = unsafe Form(b, rows: k, columns: n),
      let (rows, columns, depth) = Form.blasSizes(m, n, k), let distance = Int32(exactly: max(rowStride, n))
    else {
      unsafe ReferenceProduct.multiply(
        a, b, m: m, n: n, k: k, alpha: alpha, beta: beta, into: c, rowStride: rowStride)
      return
    }
    singleThreaded
    unsafe cblas_dgemm(
      CblasRowMajor, left.transpose, right.transpose, rows, columns, depth, alpha, a.elements,
      left.leadingDimension, b.elements, right.leadingDimension, beta, c, distance)
  }

  /// The same in Float32, where OpenBLAS is only a witness.
  package static func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, m: Int, n: Int, k: Int, alpha: Float, beta: Float,
    into c: UnsafeMutablePointer<Float>, rowStride: Int
  ) {
    guard m > 0, n > 0 else { return }
    guard let left = unsafe Form(a, rows: m, columns: k), let right = unsafe Form(b, rows: k, columns: n),
      let (rows, columns, depth) = Form.blasSizes(m, n, k), let distance = Int32(exactly: max(rowStride, n))
    else {
      unsafe ReferenceProduct.multiply(
        a, b, m: m, n: n, k: k, alpha: alpha, beta: beta, into: c, rowStride: rowStride)
      return
    }
    singleThreaded
    unsafe cblas_sgemm(
      CblasRowMajor, left.transpose, right.transpose, rows, columns, depth, alpha, a.elements,
      left.leadingDimension, b.elements, right.leadingDimension, beta, c, distance)
  }

  /// Whether OpenBLAS' Float64 product agrees with the plain loop on one odd shape.
  ///
  /// Some of its builds compute wrong results on processors newer than they are; ask once at start.
  package static func agreesWithPlainLoop() -> Bool {
    let (m, n, k) = (49, 37, 83)
    let a = (0..<m * k).map { Double(($0 * 37) % 101) / 101 - 0.5 }
    let b = (0..<k * n).map { Double(($0 * 53) % 97) / 97 - 0.5 }
    var fast = [Double](repeating: 0, count: m * n)
    var plain = fast
    unsafe a.withUnsafeBufferPointer { a in
      unsafe b.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return }
        let (left, right) = unsafe (MatrixView(a, rowStride: k), MatrixView(b, rowStride: n))
        unsafe fast.withUnsafeMutableBufferPointer { c in
          guard let c = c.baseAddress else { return }
          unsafe multiply(left, right, m: m, n: n, k: k, alpha: 1, beta: 0, into: c, rowStride: n)
        }
        unsafe plain.withUnsafeMutableBufferPointer { c in
          guard let c = c.baseAddress else { return }
          unsafe ReferenceProduct.multiply(
            left, right, m: m, n: n, k: k, alpha: 1, beta: 0, into: c, rowStride: n)
        }
      }
    }
    return zip(fast, plain).allSatisfy { abs($0 - $1) < 1e-12 }
  }

  /// A view in BLAS terms: rows contiguous, or columns contiguous.
  private struct Form {
    let transpose: CBLAS_TRANSPOSE
    let leadingDimension: Int32

    init?<Scalar>(_ view: MatrixView<Scalar>, rows: Int, columns: Int) {
      let (rowStride, columnStride) = unsafe (view.rowStride, view.columnStride)
      if columnStride == 1 || columns == 1, rowStride >= columns, let stride = Int32(exactly: rowStride) {
        (transpose, leadingDimension) = (CblasNoTrans, max(stride, 1))
      } else if rowStride == 1 || rows == 1, columnStride >= rows, let stride = Int32(exactly: columnStride) {
        (transpose, leadingDimension) = (CblasTrans, max(stride, 1))
      } else {
        return nil
      }
    }

    static func blasSizes(_ m: Int, _ n: Int, _ k: Int) -> (Int32, Int32, Int32)? {
      guard let m = Int32(exactly: m), let n = Int32(exactly: n), let k = Int32(exactly: k) else {
        return nil
      }
      return (m, n, k)
    }
  }
}
