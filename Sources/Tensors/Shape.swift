/// The extents of a tensor, outermost axis first.
///
/// A scalar has no axes.
///
/// Extents are never negative and their product fits in `Int`; `init(checking:)` refuses anything else, so
/// code below the file readers may multiply extents without checks.
public struct Shape: Hashable, Sendable {
  /// Extent per axis.
  public let extents: [Int]
  /// Product of the extents; 1 for a scalar.
  public let elementCount: Int

  /// A shape from extents that the program itself computed.
  public init(_ extents: [Int]) {
    guard let shape = Shape(checking: extents) else {
      preconditionFailure("extents \(extents) are negative or their product overflows")
    }
    self = shape
  }

  /// A shape from untrusted extents, or nil where one is negative or the product exceeds 2^48.
  public init?(checking extents: [Int]) {
    var hasZero = false
    var product = 1
    for extent in extents {
      guard extent >= 0 else { return nil }
      if extent == 0 {
        hasZero = true
        continue
      }
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, next <= 1 << 48 else { return nil }
      product = next
    }
    self.extents = extents
    elementCount = hasZero ? 0 : product
  }

  /// Number of axes.
  public var rank: Int { extents.count }

  /// Extent of one axis, which may be counted from the end with a negative number.
  public subscript(axis: Int) -> Int { extents[axis < 0 ? axis + extents.count : axis] }

  /// Product of the extents in a range of axes; 1 for an empty range.
  package func product(_ axes: Range<Int>) -> Int { extents[axes].reduce(1, *) }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(extents[axis + 1], 1)
    }
    return strides
  }

  /// The axis counted from the front, or nil where it is out of range (−rank … rank − 1).
  package func normalizedAxis(_ axis: Int) -> Int? {
    guard axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// The shape of an elementwise result of two shapes under ONNX's multidirectional broadcasting, or nil.
  package func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for offset in 1...max(rank, 1) where offset <= rank {
      let mine = offset <= self.rank ? extents[self.rank - offset] : 1
      let theirs = offset <= other.rank ? other.extents[other.rank - offset] : 1
      guard mine == theirs || mine == 1 || theirs == 1 else { return nil }
      result[rank - offset] = mine == 1 ? theirs : mine
    }
    return Shape(checking: result)
  }
}

extension Shape: ExpressibleByArrayLiteral {
  /// A shape literal.
  public init(arrayLiteral extents: Int...) { self.init(extents) }
}

extension Shape: CustomStringConvertible {
  /// `[1,197,768]`, as error messages write it.
  public var description: String { "[" + extents.map(String.init).joined(separator: ",") + "]" }
}
