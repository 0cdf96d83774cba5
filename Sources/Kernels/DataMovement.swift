package import Tensors

/// Copies and rearrangements of elements of any fixed size.
package enum DataMovement {
  /// Copies all bytes of one view into another of the same size.
  package static func copy(_ source: TensorView, into target: TensorView) {
    target.copyBytes(from: source)
  }
}
