package import Kernels
import Tensors

/// A constant right operand of a product, packed once.
package struct PackedRight: PreparedConstants {
  /// The packed matrix.
  package let matrix: PackedMatrix

  /// A packed operand.
  package init(_ matrix: PackedMatrix) { self.matrix = matrix }
}

/// Runs a product that may have to pack a matrix into memory of its own; refused memory is the operator's error.
func withMemory<Result>(_ body: () throws(StorageError) -> Result) throws(OperatorError) -> Result {
  do { return try body() } catch {
    throw OperatorError(.outOfMemory, "no memory to pack a matrix of \(error.byteCount) bytes")
  }
}

extension InputTypes {
  /// Scratch memory of a product of operands 0 and 1; a constant B is expected to be packed before.
  func productScratchByteCount(_ product: BatchedProduct?, _ options: KernelOptions) -> Int {
    let isConstant = constants.count > 1 && constants[1] != nil
    return product?.scratchByteCount(self[0].elementType, isPacked: isConstant, options) ?? 0
  }

  /// Bytes that `packedRight` takes.
  func packedRightByteCount(_ product: BatchedProduct?, _ options: KernelOptions) -> Int {
    guard constants.count > 1, constants[1] != nil else { return 0 }
    return product?.packedByteCount(self[1].elementType, options) ?? 0
  }

  /// Operand 1 packed, where it is constant and one matrix of Float32.
  func packedRight(_ product: BatchedProduct, _ options: KernelOptions) throws(OperatorError) -> PackedRight?
  {
    guard constants.count > 1, let constant = constants[1] else { return nil }
    return try withMemory { () throws(StorageError) in
      try product.packed(TensorView(try constant.aligned()), options).map(PackedRight.init)
    }
  }
}
