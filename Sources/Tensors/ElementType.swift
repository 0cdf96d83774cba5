/// The type of a tensor's elements; raw values are those of ONNX `TensorProto.DataType`.
///
/// Every type that ONNX defines is carried from file to file. Computation covers `isComputable` ones.
public enum ElementType: Int32, Sendable, CaseIterable, Hashable {
  /// 32-bit IEEE floating point.
  case float32 = 1
  /// Unsigned 8-bit integer.
  case uint8 = 2
  /// Signed 8-bit integer.
  case int8 = 3
  /// Unsigned 16-bit integer.
  case uint16 = 4
  /// Signed 16-bit integer.
  case int16 = 5
  /// Signed 32-bit integer.
  case int32 = 6
  /// Signed 64-bit integer.
  case int64 = 7
  /// Byte string; has no fixed size per element.
  case string = 8
  /// Truth value, one byte each.
  case bool = 9
  /// 16-bit IEEE floating point.
  case float16 = 10
  /// 64-bit IEEE floating point.
  case float64 = 11
  /// Unsigned 32-bit integer.
  case uint32 = 12
  /// Unsigned 64-bit integer.
  case uint64 = 13
  /// Two 32-bit floats.
  case complex64 = 14
  /// Two 64-bit floats.
  case complex128 = 15
  /// The upper half of a 32-bit float.
  case bfloat16 = 16
  /// 8-bit float, 4 exponent bits, finite values and NaN.
  case float8e4m3fn = 17
  /// 8-bit float, 4 exponent bits, no negative zero.
  case float8e4m3fnuz = 18
  /// 8-bit float, 5 exponent bits.
  case float8e5m2 = 19
  /// 8-bit float, 5 exponent bits, no negative zero.
  case float8e5m2fnuz = 20
  /// Unsigned 4-bit integer, two per byte.
  case uint4 = 21
  /// Signed 4-bit integer, two per byte.
  case int4 = 22
  /// 4-bit float, two per byte.
  case float4e2m1 = 23
  /// 8-bit power of two.
  case float8e8m0 = 24
  /// Unsigned 2-bit integer, four per byte.
  case uint2 = 25
  /// Signed 2-bit integer, four per byte.
  case int2 = 26
  /// 6-bit float, 2 exponent bits, four in three bytes.
  case float6e2m3 = 27
  /// 6-bit float, 3 exponent bits, four in three bytes.
  case float6e3m2 = 28

  /// Bits per element in ONNX `raw_data`, or nil for strings.
  public var bitWidth: Int? {
    switch self {
    case .string: nil
    case .uint2, .int2: 2
    case .uint4, .int4, .float4e2m1: 4
    case .float6e2m3, .float6e3m2: 6
    case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .float64, .int64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Whether the executor computes with this type.
  package var isComputable: Bool {
    switch self {
    case .float32, .float64, .int64, .int32, .int8, .uint8, .bool: true
    default: false
    }
  }

  /// The type in which such elements are computed with: float32 for floats of 16 bits, whose numbers it all has; nil for
  /// what nothing computes with.
  package var computed: ElementType? {
    switch self {
    case .float16, .bfloat16: .float32
    default: isComputable ? self : nil
    }
  }

  /// Whether this is one of the two floating-point types the executor computes with.
  package var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The name as ONNX text and error messages write it.
  public var name: String {
    switch self {
    case .float32: "float"
    case .float64: "double"
    default: "\(self)"
    }
  }

  /// Bytes that `count` elements take when packed as ONNX packs them; nil for strings or on overflow.
  package func byteCount(of count: Int) -> Int? {
    guard let bitWidth, count >= 0 else { return nil }
    // Types below a byte are one stream of bits, the first element in the lowest ones; the last byte is padded.
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    return overflow ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
  }
}
