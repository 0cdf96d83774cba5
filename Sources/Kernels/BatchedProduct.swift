package import Tensors

/// Products of stacks of matrices, with broadcasting of the stacks.
package struct BatchedProduct {
  /// Rows, columns and depth of one product.
  package let size: Product.Size
  /// Number of products.
  package let count: Int
  private let offsetsA: [Int]
  private let offsetsB: [Int]
  private let transposesA: Bool
  private let transposesB: Bool

  /// Products of sub-matrices that start at the given elements of A and B, and lie one after the other in C.
  package init(
    _ size: Product.Size, offsetsA: [Int], offsetsB: [Int], transposesA: Bool = false,
    transposesB: Bool = false
  ) {
    precondition(offsetsA.count == offsetsB.count, "one matrix of each operand per product")
    self.size = size
    count = offsetsA.count
    self.offsetsA = offsetsA
    self.offsetsB = offsetsB
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  /// Computes C = A · B.
  package func run(_ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions) {
    switch c.elementType {
    case .float32: floats(a, b, c, Float.self)
    case .float64: floats(a, b, c, Double.self)
    case .int32: integers(a, b, c, Int32.self)
    default: integers(a, b, c, Int64.self)
    }
  }

  private func floats<Element: Scalar & BinaryFloatingPoint>(
    _ a: TensorView, _ b: TensorView, _ c: TensorView, _ type: Element.Type
  ) {
    for index in 0..<count {
      unsafe Product.multiply(
        matrixA(a, index, type), matrixB(b, index, type), into: c.words(type) + index * size.m * size.n,
        rowStride: size.n, size, accumulates: false)
    }
  }

  private func integers<Element: Scalar & FixedWidthInteger>(
    _ a: TensorView, _ b: TensorView, _ c: TensorView, _ type: Element.Type
  ) {
    for index in 0..<count {
      unsafe Product.multiply(
        matrixA(a, index, type), matrixB(b, index, type), into: c.words(type) + index * size.m * size.n,
        rowStride: size.n, size)
    }
  }

  private func matrixA<Element: Scalar>(_ a: TensorView, _ index: Int, _ type: Element.Type)
    -> StridedMatrix<Element>
  {
    unsafe StridedMatrix(
      a.words(type) + offsetsA[index], rowStride: transposesA ? 1 : size.k,
      columnStride: transposesA ? size.m : 1)
  }

  private func matrixB<Element: Scalar>(_ b: TensorView, _ index: Int, _ type: Element.Type)
    -> StridedMatrix<Element>
  {
    unsafe StridedMatrix(
      b.words(type) + offsetsB[index], rowStride: transposesB ? 1 : size.n,
      columnStride: transposesB ? size.k : 1)
  }
}
