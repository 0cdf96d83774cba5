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

/// The matrix product behind all operators, in the three kinds of numbers that tensors have.
///
/// Float32 runs on packed panels (`MatrixMultiplication`), which is what speed asks for. Float64 and integers are plain loops:
/// the reference that gradients are checked with.
package enum Product {
  /// Sizes of a product of [m, k] and [k, n].
  package struct Size: Sendable {
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

  /// Memory that packing takes, and how the product runs.
  @unsafe
  package struct Workspace {
    package let memory: UnsafeMutableRawPointer
    package let options: KernelOptions

    /// Scratch memory of `Product.scratchByteCount`, aligned to 64 bytes.
    package init(_ memory: UnsafeMutableRawPointer, _ options: KernelOptions) {
      unsafe self.memory = memory
      unsafe self.options = options
    }
  }

  /// Bytes of scratch memory for a product, a multiple of 64.
  package static func scratchByteCount(
    _ size: Size, _ type: ElementType, packsRight: Bool = true, _ options: KernelOptions
  ) -> Int {
    guard type == .float32 else { return 0 }
    let count = MatrixMultiplication.scratchCount(
      n: size.n, k: size.k, packsRight: packsRight, options: options)
    return (count + 15) / 16 * 64
  }

  /// C = A · B, or C += A · B, plus a number per row where there is `rowBias`; k ascending for each element.
  ///
  /// Rows of C are contiguous and `rowStride` apart.
  package static func multiply<Element: Scalar & BinaryFloatingPoint>(
    _ a: StridedMatrix<Element>, _ b: StridedMatrix<Element>, into c: UnsafeMutablePointer<Element>,
    rowStride: Int, _ size: Size, rowBias: UnsafeMutablePointer<Element>? = nil, accumulates: Bool,
    _ workspace: Workspace
  ) {
    guard Element.self == Float.self else {
      return unsafe plain(
        a, b, into: c, rowStride: rowStride, size, rowBias: rowBias, accumulates: accumulates)
    }
    let result = unsafe UnsafeMutableRawPointer(c).assumingMemoryBound(to: Float.self)
    var epilogue = unsafe MatrixEpilogue<Float>(alpha: 1)
    unsafe epilogue.accumulates = accumulates
    unsafe epilogue.rowBias = rowBias.map { unsafe UnsafeRawPointer($0).assumingMemoryBound(to: Float.self) }
    unsafe MatrixMultiplication.multiply(
      view(a), .plain(view(b)), m: size.m, n: size.n, k: size.k, into: result, rowStride: rowStride,
      epilogue: epilogue, scratch: workspace.memory.assumingMemoryBound(to: Float.self),
      options: workspace.options)
  }

  /// A strided matrix of Float as the packed product reads it.
  static func view<Element: Scalar>(_ matrix: StridedMatrix<Element>) -> MatrixView<Float> {
    unsafe MatrixView(
      UnsafeRawPointer(matrix.base).assumingMemoryBound(to: Float.self), rowStride: matrix.rowStride,
      columnStride: matrix.columnStride)
  }

  private static func plain<Element: Scalar & BinaryFloatingPoint>(
    _ a: StridedMatrix<Element>, _ b: StridedMatrix<Element>, into c: UnsafeMutablePointer<Element>,
    rowStride: Int, _ size: Size, rowBias: UnsafeMutablePointer<Element>?, accumulates: Bool
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
      if let number = unsafe rowBias?[i] {
        for j in 0..<size.n { unsafe row[j] += number }
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
          unsafe sum &+=
            a.base[i * a.rowStride + k * a.columnStride]
            &* b.base[k * b.rowStride + j * b.columnStride]
        }
        unsafe c[i * rowStride + j] = sum
      }
    }
  }
}
