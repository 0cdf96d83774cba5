import Glibc
package import Tensors

/// Copies and rearrangements of elements of any fixed size.
package enum DataMovement {
  /// Copies all bytes of one view into another of the same size.
  package static func copy(_ source: TensorView, into target: TensorView) {
    precondition(source.byteCount == target.byteCount, "copy between views of different size")
    guard unsafe source.pointer != target.pointer else { return }
    unsafe memcpy(target.pointer, source.pointer, source.byteCount)
  }
}
