import Foundation
package import Tensors

/// How far a result may lie from its reference.
package enum Tolerance: Sendable {
  /// The same value; all NaN count as one.
  case exact
  /// At most so many units in the last place of the result's own type.
  case ulp(Double)
  /// At most so much of the largest finite magnitude in the reference, for the stated reason.
  ///
  /// In Float64 the bound is 2^-23 times smaller, and never below 1e-14.
  case relativeToLargest(Double, reason: String)

  func bound(for expected: Double, largest: Double, type: ElementType) -> Double {
    let isDouble = type == .float64
    switch self {
    case .exact: return 0
    case .ulp(let count):
      // The reference is itself a rounded Double: 8 units in the last place are left to it.
      return isDouble ? (count + 8) * expected.ulp : count * Double(Float(expected).ulp)
    case .relativeToLargest(let share, _):
      return largest * (isDouble ? max(share * 0x1p-23, 1e-14) : share)
    }
  }
}

/// A check that did not hold.
package struct CheckFailure: Error, CustomStringConvertible {
  /// What was found and what was expected.
  package let description: String

  /// A failure with its text.
  package init(_ description: String) { self.description = description }
}

/// Throws where a tensor differs from its reference in type, shape or by more than the tolerance.
package func expectClose(
  _ found: Tensor, _ expected: ReferenceTensor, _ tolerance: Tolerance, _ label: String = "result",
  floatingPoint: ElementType = .float32
) throws {
  let type = expected.type == .float32 ? floatingPoint : expected.type
  guard found.elementType == type else {
    throw CheckFailure("\(label) has element type \(found.elementType.name), expected \(type.name)")
  }
  guard found.shape == expected.shape else {
    throw CheckFailure("\(label) has shape \(found.shape), expected \(expected.shape)")
  }
  try expectClose(
    found.widened, expected.values, type.isFloatingPoint ? tolerance : .exact, label, type: type)
}

/// Throws where numbers differ from the expected ones by more than the tolerance.
package func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Tolerance, _ label: String = "result",
  type: ElementType = .float32
) throws {
  guard found.count == expected.count else {
    throw CheckFailure("\(label) has \(found.count) elements, expected \(expected.count)")
  }
  let largest = expected.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
  for (index, (a, b)) in zip(found, expected).enumerated() {
    if a == b || a.isNaN && b.isNaN { continue }
    // A Double reference beyond Float's range stands for infinity.
    if type == .float32, a == Double(Float(b)) { continue }
    let bound = tolerance.bound(for: b, largest: largest, type: type)
    guard a.isFinite, b.isFinite, abs(a - b) <= bound else {
      throw CheckFailure("\(label)[\(index)] is \(a), expected \(b) within \(bound) (\(tolerance))")
    }
  }
}
