package import Tensors

/// A tensor whose elements are Double, for references that are written independently of the kernels.
///
/// Integers below 2^53 and truth values (0 and 1) are exact.
package struct ReferenceTensor: Sendable {
  /// Extent per axis.
  package var shape: Shape
  /// Elements, row-major.
  package var values: [Double]
  /// Element type that the operator reads or makes.
  ///
  /// `.float32` stands for the floating-point type under test.
  package var type: ElementType

  /// A tensor with the given elements.
  package init(_ values: [Double], _ shape: Shape, _ type: ElementType = .float32) {
    precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
    self.values = values
    self.shape = shape
    self.type = type
  }

  /// A vector or scalar of the given elements.
  package static func of(_ values: [Double], _ shape: Shape? = nil, _ type: ElementType = .float32)
    -> ReferenceTensor
  {
    ReferenceTensor(values, shape ?? Shape([values.count]), type)
  }

  /// A scalar.
  package static func scalar(_ value: Double, _ type: ElementType = .float32) -> ReferenceTensor {
    ReferenceTensor([value], [], type)
  }

  /// Int64 elements, a vector unless a shape is given.
  package static func integers(_ values: [Int], _ shape: Shape? = nil, _ type: ElementType = .int64)
    -> ReferenceTensor
  {
    ReferenceTensor(values.map(Double.init), shape ?? Shape([values.count]), type)
  }

  /// Truth values, a vector unless a shape is given.
  package static func booleans(_ values: [Bool], _ shape: Shape? = nil) -> ReferenceTensor {
    ReferenceTensor(values.map { $0 ? 1 : 0 }, shape ?? Shape([values.count]), .bool)
  }

  /// Standard normal elements, exact in Float32.
  package static func normal(_ shape: Shape, seed: Int = 1, scale: Double = 1, mean: Double = 0)
    -> ReferenceTensor
  {
    var random = Random(seed, shape.elementCount, shape.rank)
    return ReferenceTensor(
      (0..<shape.elementCount).map { _ in Double(Float(random.normal() * scale + mean)) }, shape)
  }

  /// Elements spread evenly over a range at random, exact in Float32.
  package static func uniform(_ shape: Shape, in range: ClosedRange<Double>, seed: Int = 1)
    -> ReferenceTensor
  {
    var random = Random(seed, shape.elementCount, shape.rank, 7)
    let width = range.upperBound - range.lowerBound
    return ReferenceTensor(
      (0..<shape.elementCount).map { _ in Double(Float(range.lowerBound + width * random.uniform())) }, shape)
  }

  /// Whether elements are of the floating-point type under test.
  package var isFloatingPoint: Bool { type.isFloatingPoint }

  /// The same elements as another type.
  package func typed(_ type: ElementType) -> ReferenceTensor { ReferenceTensor(values, shape, type) }

  /// The same elements in another shape.
  package func reshaped(_ shape: Shape) -> ReferenceTensor { ReferenceTensor(values, shape, type) }

  /// A tensor for the executor, with floating-point elements of the type under test.
  package func tensor(_ floatingPoint: ElementType) throws -> Tensor {
    switch type == .float32 ? floatingPoint : type {
    case .float32: try Tensor(values.map { Float($0) }, shape: shape)
    case .float64: try Tensor(values, shape: shape)
    case .int64: try Tensor(values.map { Int64($0) }, shape: shape)
    case .int32: try Tensor(values.map { Int32($0) }, shape: shape)
    case .int8: try Tensor(values.map { Int8($0) }, shape: shape)
    case .uint8: try Tensor(values.map { UInt8($0) }, shape: shape)
    case .bool: try Tensor(values.map { $0 != 0 }, shape: shape)
    case let other: throw CheckFailure("references hold no \(other.name)")
    }
  }
}

extension Tensor {
  /// The elements of any computable type widened to Double.
  package var widened: [Double] { doubles ?? integers.map { $0.map(Double.init) } ?? [] }
}
