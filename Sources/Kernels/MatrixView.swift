/// A matrix somewhere in memory: element (i, j) is elements[i · rowStride + j · columnStride].
///
/// Negative strides and strides of 0 are allowed; the reader must keep inside the memory the pointer came from.
@unsafe
package struct MatrixView<Scalar> {
  package var elements: UnsafePointer<Scalar>
  package var rowStride: Int
  package var columnStride: Int

  package init(_ elements: UnsafePointer<Scalar>, rowStride: Int, columnStride: Int = 1) {
    unsafe self.elements = elements
    unsafe self.rowStride = rowStride
    unsafe self.columnStride = columnStride
  }

  /// The same matrix read the other way round.
  package var transposed: MatrixView {
    unsafe MatrixView(elements, rowStride: columnStride, columnStride: rowStride)
  }
}

/// The right side of a product.
@unsafe
package enum RightOperand {
  /// Packed before, as weights are.
  case packed(PackedMatrix)
  /// Packed by `PackedMatrix.pack` into memory of the caller.
  case memory(UnsafePointer<Float>)
  /// Packed into scratch by each call.
  case plain(MatrixView<Float>)
}

/// What happens to the sums of a product on their way to C:
/// C = activation(alpha · A · B [+ C] + bias + rowBias + residual); GELU is applied before the residual is added.
@unsafe
package struct MatrixEpilogue<Scalar> {
  /// The function applied to the sums.
  package enum Activation: Int32, Sendable {
    case none = 0
    case relu = 1
    /// x · Φ(x) with the exact error function.
    case gelu = 2
    /// min(max(x, lower), upper), NaN where x is.
    case clip = 3
  }

  /// Factor of the product.
  package var alpha: Scalar
  /// Adds to what C holds.
  package var accumulates = false
  package var activation = Activation.none
  /// Bounds of `clip`.
  package var lower: Float = -.infinity
  package var upper = Float.infinity
  /// Added per column [n].
  package var bias: UnsafePointer<Scalar>?
  /// Added per row [m].
  package var rowBias: UnsafePointer<Scalar>?
  /// Added before the activation, GELU's excepted; may not overlap C (use `accumulates`).
  package var residual: UnsafePointer<Scalar>?
  package var residualRowStride = 0

  package init(alpha: Scalar) { unsafe self.alpha = alpha }
}
