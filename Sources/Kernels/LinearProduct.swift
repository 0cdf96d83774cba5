package import Tensors

/// Product of rows with a matrix, as linear layers need it: packed kernels in Float32, plain loops in Float64.
///
/// Letters: m rows, k inner extent, n columns.
package enum LinearProduct {
  /// The matrix [k, n] for Float32 products with any number of rows; `transposed` says that it is stored as [n, k].
  package static func packed(_ w: TensorView, transposed: Bool, _ options: KernelOptions) throws(StorageError)
    -> PackedMatrix
  {
    let shape = w.shape
    let (k, n) = transposed ? (shape[1], shape[0]) : (shape[0], shape[1])
    return try unsafe PackedMatrix(view(w, transposed, k, n), k: k, n: n, options: options)
  }

  /// Bytes that `packed` takes.
  package static func packedByteCount(depth k: Int, columns n: Int, _ options: KernelOptions) -> Int {
    PackedMatrix.count(k: k, n: n, level: options.level) * MemoryLayout<Float>.stride
  }

  /// Bytes of scratch memory for `multiply`.
  ///
  /// - Parameter packsRight: whether the matrix is packed by each call.
  package static func scratchByteCount(
    depth k: Int, columns n: Int, packsRight: Bool, _ options: KernelOptions
  ) -> Int {
    MatrixMultiplication.scratchCount(n: n, k: k, packsRight: packsRight, options: options) * 4
  }

  /// y = activation(x · W + bias + residual); GELU is applied before the residual is added.
  ///
  /// Shapes: x [m, k], W [k, n] or [n, k] where `transposed`, bias [n], residual and y [m, n]. `packed` stands for W where it
  /// is given; else W is packed into scratch memory.
  package static func multiply(
    _ x: TensorView, _ w: TensorView, transposed: Bool, packed: PackedMatrix?, bias: TensorView?,
    residual: TensorView?, activation: ProductActivation, rows m: Int, depth k: Int, columns n: Int,
    into y: TensorView, scratch: TensorView?, _ options: KernelOptions
  ) {
    guard x.elementType == .float32, let scratch else {
      LinearReference.multiply(
        x, w, transposed: transposed, bias: bias, residual: residual, activation: activation, rows: m,
        depth: k, columns: n, into: y)
      return
    }
    let epilogue = unsafe MatrixEpilogue<Float>(activation, bias: bias, residual: residual, columns: n)
    precondition(
      scratch.byteCount
        >= scratchByteCount(depth: k, columns: n, packsRight: packed == nil, options),
      "a matrix that is not packed before is packed into scratch memory")
    let right: RightOperand =
      if let packed { unsafe .packed(packed) } else { unsafe .plain(view(w, transposed, k, n)) }
    unsafe MatrixMultiplication.multiply(
      MatrixView(x.words(Float.self), rowStride: k), right, m: m, n: n, k: k, into: y.words(Float.self),
      rowStride: n, epilogue: epilogue, scratch: scratch.pointer.assumingMemoryBound(to: Float.self),
      options: options)
  }

  /// Bytes of scratch memory for `weightGradient`.
  package static func weightGradientScratchByteCount(
    rows m: Int, depth k: Int, columns n: Int, transposed: Bool, _ options: KernelOptions
  ) -> Int {
    MatrixMultiplication.scratchCount(n: transposed ? k : n, k: m, packsRight: true, options: options) * 4
  }

  /// dW = Xᵀ · dY [k, n], or its transpose [n, k] where `transposed`.
  package static func weightGradient(
    _ x: TensorView, _ dy: TensorView, transposed: Bool, rows m: Int, depth k: Int, columns n: Int,
    into dw: TensorView, scratch: TensorView?, _ options: KernelOptions
  ) {
    guard x.elementType == .float32, let scratch else {
      LinearReference.weightGradient(
        x, dy, transposed: transposed, rows: m, depth: k, columns: n, into: dw)
      return
    }
    let left = transposed ? dy : x
    let right = transposed ? x : dy
    let (height, width) = transposed ? (n, k) : (k, n)
    unsafe MatrixMultiplication.multiply(
      MatrixView(left.words(Float.self), rowStride: 1, columnStride: height),
      .plain(MatrixView(right.words(Float.self), rowStride: width)), m: height, n: width, k: m,
      into: dw.words(Float.self), rowStride: width,
      scratch: scratch.pointer.assumingMemoryBound(to: Float.self), options: options)
  }

  private static func view(_ w: TensorView, _ transposed: Bool, _ k: Int, _ n: Int) -> MatrixView<Float> {
    unsafe MatrixView(
      w.words(Float.self), rowStride: transposed ? 1 : n, columnStride: transposed ? k : 1)
  }
}
