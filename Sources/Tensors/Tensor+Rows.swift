import Glibc

extension Tensor {
  /// A range along the first axis, sharing the storage.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(shape.rank > 0 && range.upperBound <= shape[0] && range.lowerBound >= 0, "rows out of range")
    let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
    return Tensor(
      elementType: elementType, shape: Shape([range.count] + shape.extents.dropFirst()), storage: storage,
      byteOffset: byteOffset + range.lowerBound * rowBytes)
  }

  /// Tensors that differ in their first axis at most, joined along it.
  package init(joiningRows parts: [Tensor]) throws(StorageError) {
    guard let first = parts.first else { preconditionFailure("nothing to join") }
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    try self.init(zeros: Shape([rows] + first.shape.extents.dropFirst()), of: first.elementType)
    var offset = 0
    for part in parts {
      precondition(
        part.elementType == elementType && part.shape.extents.dropFirst() == shape.extents.dropFirst())
      unsafe memcpy(storage.base + offset, part.storage.base + part.byteOffset, part.byteCount)
      offset += part.byteCount
    }
  }
}
