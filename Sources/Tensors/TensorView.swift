import Glibc

/// Typed access to a range of storage that kernels read and write; it holds its owner and cannot dangle.
///
/// Whoever makes a view for writing owns the range alone (a session's arena, a fresh result).
@safe
package struct TensorView {
  /// Type of the elements.
  package let elementType: ElementType
  /// Extent per axis.
  package let shape: Shape
  package let storage: Storage
  package let byteOffset: Int

  /// A view of a range of storage.
  package init(elementType: ElementType, shape: Shape, storage: Storage, byteOffset: Int) {
    let byteCount = elementType.byteCount(of: shape.elementCount) ?? 0
    precondition(
      byteOffset >= 0 && byteOffset <= storage.byteCount && byteCount <= storage.byteCount - byteOffset,
      "view reaches beyond its storage")
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// A view of a tensor.
  ///
  /// Only kernels that own the tensor alone may write through it.
  package init(_ tensor: Tensor) {
    self.init(
      elementType: tensor.elementType, shape: tensor.shape, storage: tensor.storage,
      byteOffset: tensor.byteOffset)
  }

  /// Number of elements.
  package var count: Int { shape.elementCount }

  /// Size in bytes.
  package var byteCount: Int { elementType.byteCount(of: shape.elementCount) ?? 0 }

  /// First byte.
  package var pointer: UnsafeMutableRawPointer { unsafe storage.base + byteOffset }

  /// The elements for reading and writing.
  ///
  /// The element type must be the view's own.
  package func buffer<Element: Scalar>(of type: Element.Type) -> UnsafeMutableBufferPointer<Element> {
    precondition(elementType == Element.elementType, "\(elementType.name) view used as \(type)")
    return unsafe UnsafeMutableBufferPointer(
      start: pointer.assumingMemoryBound(to: Element.self), count: count)
  }

  /// The same elements in another shape of the same element count.
  package func reshaped(to shape: Shape) -> TensorView {
    precondition(shape.elementCount == count, "reshape changes the element count")
    return TensorView(elementType: elementType, shape: shape, storage: storage, byteOffset: byteOffset)
  }

  /// One of `count` equal consecutive parts, as a vector.
  package func part(_ index: Int, of count: Int) -> TensorView {
    let elements = self.count / count
    let bytes = elementType.byteCount(of: elements) ?? 0
    return TensorView(
      elementType: elementType, shape: Shape([elements]), storage: storage,
      byteOffset: byteOffset + index * bytes)
  }

  /// An immutable tensor on the same bytes; valid while nobody writes to them.
  package var tensor: Tensor {
    Tensor(elementType: elementType, shape: shape, storage: storage, byteOffset: byteOffset)
  }
}

extension TensorView {
  /// Copies another view's bytes, of the same size, into this one.
  package func copyBytes(from source: TensorView) {
    precondition(source.byteCount == byteCount, "copy between views of different size")
    guard unsafe source.pointer != pointer else { return }
    unsafe memcpy(pointer, source.pointer, byteCount)
  }

  /// Sets every byte to zero.
  package func fillWithZeros() { unsafe memset(pointer, 0, byteCount) }
}
