package import Tensors

/// Products of stacks of matrices, with broadcasting of the stacks.
package struct BatchedProduct: Sendable {
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

  /// Bytes of scratch memory that `run` needs.
  ///
  /// - Parameter isPacked: whether `run` gets B packed before.
  package func scratchByteCount(_ type: ElementType, isPacked: Bool, _ options: KernelOptions) -> Int {
    guard type == .float32 else { return 0 }
    guard count > 1 else { return Product.scratchByteCount(size, type, packsRight: !isPacked, options) }
    let floats = MatrixMultiplication.scratchCountEach(n: size.n, k: size.k, options: options)
    return (floats + 15) / 16 * 64
  }

  /// B packed for `run`, where there is a `packedByteCount`.
  package func packed(_ b: TensorView, _ options: KernelOptions) throws(StorageError) -> PackedMatrix {
    precondition(count == 1 && b.elementType == .float32, "one matrix of Float32 is packed for all rows")
    return try unsafe PackedMatrix(
      Product.view(matrixB(b, 0, Float.self)), k: size.k, n: size.n, options: options)
  }

  /// Bytes that `packed` takes, where there is one B of Float32 for all rows; 0 otherwise.
  package func packedByteCount(_ type: ElementType, _ options: KernelOptions) -> Int {
    guard count == 1, type == .float32 else { return 0 }
    return PackedMatrix.count(k: size.k, n: size.n, level: options.level) * MemoryLayout<Float>.stride
  }

  /// Computes C = A · B.
  ///
  /// - Parameters:
  ///   - packed: B packed before, where there is a `packedByteCount`; else it is packed into scratch memory.
  ///   - scratch: memory of `scratchByteCount`.
  package func run(
    _ a: TensorView, _ b: TensorView, packed: PackedMatrix? = nil, into c: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch c.elementType {
    case .float32: floats(a, b, packed, c, scratch, options)
    case .float64: doubles(a, b, c, options)
    case .int32: integers(a, b, c, Int32.self)
    default: integers(a, b, c, Int64.self)
    }
  }

  private func floats(
    _ a: TensorView, _ b: TensorView, _ packed: PackedMatrix?, _ c: TensorView, _ scratch: TensorView?,
    _ options: KernelOptions
  ) {
    guard count > 0 else { return }
    guard let scratch else { preconditionFailure("a product of Float32 needs scratch memory") }
    let memory = unsafe scratch.words(Float.self)
    let result = unsafe c.words(Float.self)
    guard count == 1 else {
      let epilogue = unsafe MatrixEpilogue<Float>(alpha: 1)
      unsafe MatrixMultiplication.multiplyEach(
        count, m: size.m, n: size.n, k: size.k, rowStride: size.n, epilogue: epilogue, scratch: memory,
        options: options
      ) { index in
        unsafe MatrixMultiplication.Item(
          a: Product.view(matrixA(a, index, Float.self)), b: Product.view(matrixB(b, index, Float.self)),
          c: result + index * size.m * size.n)
      }
      return
    }
    precondition(
      scratch.byteCount >= scratchByteCount(.float32, isPacked: packed != nil, options),
      "a matrix that is not packed before is packed into scratch memory")
    unsafe MatrixMultiplication.multiply(
      Product.view(matrixA(a, 0, Float.self)),
      packed.map { unsafe .packed($0) } ?? .plain(Product.view(matrixB(b, 0, Float.self))), m: size.m,
      n: size.n,
      k: size.k, into: result, rowStride: size.n, scratch: memory, options: options)
  }

  private func doubles(_ a: TensorView, _ b: TensorView, _ c: TensorView, _ options: KernelOptions) {
    let result = unsafe c.words(Double.self)
    for index in 0..<count {
      unsafe Product.multiply(
        matrixA(a, index, Double.self), matrixB(b, index, Double.self),
        into: result + index * size.m * size.n, rowStride: size.n, size, accumulates: false,
        Product.Workspace(c.pointer, options))
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
