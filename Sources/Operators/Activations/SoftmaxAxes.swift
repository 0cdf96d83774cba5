import Graphs
import Kernels
import Tensors

/// What Softmax and LogSoftmax share: distributions along one axis, below version 13 over all axes from it on.
package struct SoftmaxAxes: Sendable {
  private let axis: Int
  private let isFlattening: Bool
  /// Says of a lowered operator what newer operator sets can't say of other axes than the last; no file has it.
  private static let flattening = "dka.flattening"

  /// Distributions along one axis.
  init(_ axis: Int) {
    self.axis = axis
    isFlattening = false
  }

  init(_ node: AttributeReader) throws(OperatorError) {
    isFlattening = node.version < 13 || node.node.attribute(Self.flattening) != nil
    axis = try node.int("axis", default: isFlattening ? 1 : -1)
  }

  /// Checks the axis against the operand.
  func check(_ shape: Shape) throws(OperatorError) {
    let isEnd = isFlattening && axis == shape.rank
    guard shape.normalizedAxis(axis) != nil || isEnd || shape.rank == 0 && (axis == -1 || axis == 0) else {
      throw .invalid("axis \(axis) is out of range for shape \(shape)")
    }
  }

  /// How a kernel sees an operand of the given shape.
  func layout(_ shape: Shape) -> Distribution.Layout {
    guard shape.rank > 0 else { return Distribution.Layout([1], axis: 0) }
    let position = axis < 0 ? axis + shape.rank : axis
    return isFlattening
      ? Distribution.Layout(shape, flattenedFrom: position) : Distribution.Layout(shape, axis: position)
  }

  /// Distributions that follow each other in memory lie apart.
  ///
  /// Behind the axis other loops run for one position than for several, with other bits.
  func narrowing(axis other: Int, of shape: Shape) -> Narrowing? {
    guard let axis = shape.normalizedAxis(axis), other < axis else { return nil }
    return .alike(operands: [0])
  }

  var attributes: [Attribute] {
    [Attribute("axis", axis)] + (isFlattening ? [Attribute(Self.flattening, 1)] : [])
  }

  /// Whether a distribution is a run of the last axis of a value.
  func isLast(of shape: Shape) -> Bool { shape.normalizedAxis(axis) == shape.rank - 1 }
}
