import Kernels
import Tensors

/// The product of operands 0 and 1 with its stacks worked out; a constant B of Float32 is packed once.
struct BoundProduct: Sendable {
  private let product: BatchedProduct
  /// Bytes of scratch memory.
  let scratchByteCount: Int
  /// Packs B, where it is constant and one matrix.
  let preparation: Preparation?

  /// The product of operands of the given types.
  init(_ stacks: MatrixStacks, _ inputs: InputTypes, _ options: KernelOptions) {
    let product = stacks.product
    let type = inputs[1].elementType
    self.product = product
    preparation = .packing(inputs.known(1), byteCount: product.packedByteCount(type, options)) {
      (view) throws(StorageError) in try product.packed(view, options)
    }
    scratchByteCount = product.scratchByteCount(type, isPacked: preparation != nil, options)
  }

  /// Computes result 0.
  func run(_ operands: Operands, _ options: KernelOptions) {
    product.run(
      operands[0], operands[1], packed: operands.packedMatrix, into: operands.output(0),
      scratch: operands.scratch, options)
  }
}

extension BoundKernel {
  /// The kernel of an operator whose result is a product of stacks of matrices.
  static func product(_ stacks: MatrixStacks, _ inputs: InputTypes, _ options: KernelOptions) -> BoundKernel {
    let product = BoundProduct(stacks, inputs, options)
    return BoundKernel(
      inputs, .operations(stacks.operations), scratchByteCount: product.scratchByteCount,
      preparation: product.preparation
    ) { operands in product.run(operands, options) }
  }
}

extension Preparation {
  /// A matrix packed once for products with any number of rows; nil where it is not known, or packing takes nothing.
  static func packing(
    _ matrix: Tensor?, byteCount: Int,
    _ pack: @escaping @Sendable (TensorView) throws(StorageError) -> PackedMatrix
  ) -> Preparation? {
    guard let matrix, byteCount > 0 else { return nil }
    return Preparation(byteCount: byteCount) { () throws(OperatorError) in
      do throws(StorageError) {
        return PackedConstant(matrix: try pack(TensorView(try matrix.aligned())))
      } catch {
        throw OperatorError(.outOfMemory, "no memory to pack a matrix of \(error.byteCount) bytes")
      }
    }
  }
}

extension Operands {
  /// The matrix that was packed before.
  var packedMatrix: PackedMatrix? { (prepared as? PackedConstant)?.matrix }
}

private struct PackedConstant: PreparedConstants {
  let matrix: PackedMatrix
}
