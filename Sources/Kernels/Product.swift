package import Tensors

/// Elements of a matrix at a first element, a row stride and a column stride; a transpose swaps the strides.
@unsafe
package struct StridedMatrix<Element: Scalar> {
  package let base: UnsafeMutablePointer<Element>
  package let rowStride: Int
  package let columnStride: Int

  /// A matrix in memory that outlives its use.
  package init(_ base: UnsafeMutablePointer<Element>, rowStride: Int, columnStride: Int) {
    unsafe self.base = base
    unsafe self.rowStride = rowStride
    unsafe self.columnStride = columnStride
  }
}

/// The matrix product that all operators call.
package enum Product {
  /// Sizes of a product of [m, k] and [k, n].
  package struct Size {
    package let m: Int
    package let n: Int
    package let k: Int

    /// The sizes.
    package init(m: Int, n: Int, k: Int) {
      self.m = m
      self.n = n
      self.k = k
    }
  }

  /// C = A · B, or C += A · B, element by element with k ascending.
  ///
  /// Rows of C are contiguous and `rowStride` apart.
  package static func multiply<Element: Scalar & BinaryFloatingPoint>(
    _ a: StridedMatrix<Element>, _ b: StridedMatrix<Element>, into c: UnsafeMutablePointer<Element>,
    rowStride: Int, _ size: Size, accumulates: Bool
  ) {
    for i in 0..<size.m {
      let row = unsafe c + i * rowStride
      let left = unsafe a.base + i * a.rowStride
      if !accumulates { unsafe row.update(repeating: 0, count: size.n) }
      for k in 0..<size.k {
        let factor = unsafe left[k * a.columnStride]
        let right = unsafe b.base + k * b.rowStride
        if unsafe b.columnStride == 1 {
          for j in 0..<size.n { unsafe row[j] += factor * right[j] }
        } else {
          for j in 0..<size.n { unsafe row[j] += factor * right[j * b.columnStride] }
        }
      }
    }
  }

  /// C = A · B in wrapping integer arithmetic.
  package static func multiply<Element: Scalar & FixedWidthInteger>(
    _ a: StridedMatrix<Element>, _ b: StridedMatrix<Element>, into c: UnsafeMutablePointer<Element>,
    rowStride: Int, _ size: Size
  ) {
    for i in 0..<size.m {
      for j in 0..<size.n {
        var sum: Element = 0
        for k in 0..<size.k {
          unsafe sum &+= a.base[i * a.rowStride + k * a.columnStride]
            &* b.base[k * b.rowStride + j * b.columnStride]
        }
        unsafe c[i * rowStride + j] = sum
      }
    }
  }
}
