package import Tensors

extension DataMovement {
  /// Clears what lies on the other side of a diagonal in matrices [..., rows, columns].
  ///
  /// - Parameter diagonal: columns by which it is moved to the right.
  package static func keepTriangle(_ matrices: TensorView, isUpper: Bool, diagonal: Int) {
    let (rows, columns) = (matrices.shape[-2], matrices.shape[-1])
    guard matrices.count > 0 else { return }
    let width = (matrices.elementType.bitWidth ?? 8) / 8
    for line in 0..<(matrices.count / columns) {
      // A diagonal from a file may lie anywhere.
      let (moved, overflow) = (line % rows).addingReportingOverflow(diagonal)
      let place = overflow ? (diagonal < 0 ? .min : .max) : moved
      let first = min(max(place, 0), columns)
      let kept = isUpper ? first..<columns : 0..<min(max(place, -1), columns - 1) + 1
      let start = unsafe matrices.pointer + line * columns * width
      unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: kept.lowerBound * width)
      unsafe (start + kept.upperBound * width)
        .initializeMemory(as: UInt8.self, repeating: 0, count: (columns - kept.upperBound) * width)
    }
  }
}

extension Sequences {
  /// y[i, j] = 1 where j = i + diagonal, else 0.
  package static func fillWithIdentity(_ y: TensorView, diagonal: Int) {
    fillWithZeros(y)
    let (rows, columns) = (y.shape[0], y.shape[1])
    guard diagonal > -rows, diagonal < columns else { return }
    let width = y.elementType.byteCount(of: 1) ?? 0
    for row in max(-diagonal, 0)..<min(rows, columns - diagonal) {
      let offset = (row * columns + row + diagonal) * width
      fillWithOnes(
        TensorView(
          elementType: y.elementType, shape: [], storage: y.storage, byteOffset: y.byteOffset + offset))
    }
  }
}
