import Graphs
import Kernels
import Tensors

/// What Softmax and LogSoftmax share: distributions along one axis, below version 13 over all axes from it on.
struct SoftmaxAxes: Sendable {
  private let axis: Int
  private let isFlattening: Bool

  init(_ node: AttributeReader) throws(OperatorError) {
    isFlattening = node.version < 13
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

  /// Attributes of the gradient operator for an operand of the given shape.
  func gradientAttributes(_ shape: Shape) -> [Attribute] {
    let layout = layout(shape)
    return [Attribute("layout", [layout.outer, layout.n, layout.inner])]
  }
}
