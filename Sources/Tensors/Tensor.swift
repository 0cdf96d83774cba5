import Glibc

/// An immutable dense tensor, row-major, in shared storage.
///
/// The bytes may lie in a mapped file and need not be aligned there; `array(of:)` and kernels on
/// `aligned()` tensors are the ways to read elements.
public struct Tensor: Sendable {
  /// Type of the elements; never `.string`.
  public let elementType: ElementType
  /// Extent per axis.
  public let shape: Shape
  package let storage: Storage
  package let byteOffset: Int

  /// A tensor on existing storage.
  package init(elementType: ElementType, shape: Shape, storage: Storage, byteOffset: Int = 0) {
    let byteCount = elementType.byteCount(of: shape.elementCount) ?? 0
    precondition(
      byteOffset >= 0 && byteOffset <= storage.byteCount && byteCount <= storage.byteCount - byteOffset,
      "tensor reaches beyond its storage")
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// A tensor of zeros.
  public init(zeros shape: Shape, of elementType: ElementType = .float32) throws(StorageError) {
    guard let byteCount = elementType.byteCount(of: shape.elementCount) else {
      throw StorageError(byteCount: .max)
    }
    self.init(elementType: elementType, shape: shape, storage: try Storage(byteCount: byteCount))
  }

  /// A tensor with the given elements, row-major; as many as the shape has.
  public init<Element: Scalar>(_ elements: [Element], shape: Shape) throws(StorageError) {
    precondition(elements.count == shape.elementCount, "\(elements.count) elements for shape \(shape)")
    precondition(Element.hasElementSize, "\(Element.self) has another size than \(Element.elementType.name)")
    try self.init(zeros: shape, of: Element.elementType)
    unsafe elements.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe memcpy(storage.base, source, bytes.count)
    }
  }

  /// A vector with the given elements.
  public init<Element: Scalar>(_ elements: [Element]) throws(StorageError) {
    try self.init(elements, shape: Shape([elements.count]))
  }

  /// A scalar.
  public init<Element: Scalar>(scalar: Element) throws(StorageError) {
    try self.init([scalar], shape: [])
  }

  /// Size of the elements in bytes.
  public var byteCount: Int { elementType.byteCount(of: shape.elementCount) ?? 0 }

  /// The same elements in another shape of the same element count.
  package func reshaped(to shape: Shape) -> Tensor {
    precondition(shape.elementCount == self.shape.elementCount, "reshape changes the element count")
    return Tensor(elementType: elementType, shape: shape, storage: storage, byteOffset: byteOffset)
  }

  /// The elements as an array, or nil where the element type is another one.
  public func array<Element: Scalar>(of type: Element.Type = Element.self) -> [Element]? {
    guard elementType == Element.elementType else { return nil }
    // A file's bytes other than 0 and 1 are no Booleans of Swift.
    if elementType == .bool { return integers?.map { $0 != 0 } as? [Element] }
    return elements(of: type)
  }

  /// The elements as an array of the tensor's own type; a mismatch is a broken invariant.
  package func elements<Element: Scalar>(of type: Element.Type) -> [Element] {
    precondition(elementType == Element.elementType, "\(elementType.name) elements read as \(type)")
    precondition(Element.hasElementSize, "\(Element.self) has another size than \(elementType.name)")
    let count = shape.elementCount
    return unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress, count > 0 {
        unsafe memcpy(target, storage.base + byteOffset, count * MemoryLayout<Element>.stride)
      }
      initialized = count
    }
  }

  /// Integer elements (int64, int32, int8, uint8 or bool) widened to `Int`, or nil for other types.
  package var integers: [Int]? {
    switch elementType {
    case .int64: elements(of: Int64.self).map { Int($0) }
    case .int32: elements(of: Int32.self).map { Int($0) }
    case .int8: elements(of: Int8.self).map { Int($0) }
    case .uint8: elements(of: UInt8.self).map { Int($0) }
    case .bool: elements(of: UInt8Reading.self).map { $0.value == 0 ? 0 : 1 }
    default: nil
    }
  }

  /// Floating-point elements widened to `Double`, or nil for other types.
  public var doubles: [Double]? {
    switch elementType {
    case .float32: elements(of: Float.self).map(Double.init)
    case .float64: elements(of: Double.self)
    default: nil
    }
  }

  /// Whether no element is infinite or not a number; true for types that can hold neither.
  package var isFinite: Bool {
    switch elementType {
    case .float32: elements(of: Float.self).allSatisfy(\.isFinite)
    case .float64: elements(of: Double.self).allSatisfy(\.isFinite)
    default: true
    }
  }

  /// The elements' bytes, copied.
  package var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }

  /// Calls `body` with the tensor's bytes.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = unsafe UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount)
    return try unsafe body(bytes)
  }

  /// Calls `body` with the elements where they lie; a type other than the tensor's own is a broken invariant.
  package func withElements<Element: Scalar, Result, Failure: Error>(
    of type: Element.Type, _ body: (Span<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let elements = unsafe UnsafeBufferPointer(TensorView(self).buffer(of: type))
    return try body(unsafe Span(_unsafeElements: elements))
  }

  /// Whether the first element lies on a multiple of `alignment` bytes.
  package func isAligned(to alignment: Int) -> Bool {
    unsafe Int(bitPattern: storage.base + byteOffset) % alignment == 0
  }

  /// This tensor, or a copy of it where its bytes are not aligned to 16 bytes.
  package func aligned() throws(StorageError) -> Tensor { isAligned(to: 16) ? self : try copied() }

  /// The same elements in storage of their own, aligned to 64 bytes.
  package func copied() throws(StorageError) -> Tensor {
    let copy = try Tensor(zeros: shape, of: elementType)
    unsafe memcpy(copy.storage.base, storage.base + byteOffset, byteCount)
    return copy
  }

  /// Lets the system drop the pages of a tensor in a mapped file; they are read again when touched.
  package func releasePages() {
    if storage.isMappedFile { storage.discardPages(byteOffset..<byteOffset + byteCount) }
  }

  /// Whether type, shape and every byte agree.
  package func isIdentical(to other: Tensor) -> Bool {
    guard elementType == other.elementType, shape == other.shape else { return false }
    return unsafe memcmp(storage.base + byteOffset, other.storage.base + other.byteOffset, byteCount) == 0
  }
}

/// A byte read where a Bool is stored: files may hold bytes other than 0 and 1, which are no valid Bool.
private struct UInt8Reading: Scalar {
  let value: UInt8
  static var elementType: ElementType { .bool }
}
