/// A Swift type whose values are the elements of a tensor.
public protocol Scalar: Sendable, Equatable, BitwiseCopyable {
  /// The ONNX element type.
  static var elementType: ElementType { get }
}

extension Scalar {
  /// Whether values are as large as elements: a conformance elsewhere could say otherwise.
  static var hasElementSize: Bool { elementType.byteCount(of: 1) == MemoryLayout<Self>.stride }
}

extension Float: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .float32 }
}
extension Double: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .float64 }
}
extension Int64: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .int64 }
}
extension Int32: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .int32 }
}
extension Bool: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .bool }
}
extension UInt8: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .uint8 }
}
extension Int8: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .int8 }
}
extension Int16: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .int16 }
}
extension UInt16: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .uint16 }
}
extension UInt32: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .uint32 }
}
extension UInt64: Scalar {
  /// The ONNX element type.
  public static var elementType: ElementType { .uint64 }
}
