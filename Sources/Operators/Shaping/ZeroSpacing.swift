import Graphs
import Tensors

extension GradientBuilder {
  /// Follows every element with zeros: along each axis, `steps` − 1 of them.
  ///
  /// Shapes: [n…] → [n · step…]. With a pad behind it, it undoes a strided slice or the stride of a convolution.
  mutating func space(_ value: String, by steps: [Int]) throws(OperatorError) -> String {
    let extents = shape(value).extents
    guard steps.contains(where: { $0 > 1 }) else { return value }
    var columns: [Int] = []
    var after: [Int] = []
    for (extent, step) in zip(extents, steps) {
      columns += step > 1 ? [extent, 1] : [extent]
      after += step > 1 ? [0, step - 1] : [0]
    }
    let split = try reshape(value, to: Shape(columns))
    let padded = try pad(split, before: after.map { _ in 0 }, after: after)
    return try reshape(padded, to: Shape(zip(extents, steps).map { $0 * $1 }))
  }

  /// Reverses the order of the elements along the given axes.
  mutating func reverse(_ value: String, axes: [Int]) throws(OperatorError) -> String {
    guard !axes.isEmpty else { return value }
    // An end far in front of the axis includes its first element.
    return try emit(
      Slice(),
      [
        value, try constant(axes.map { _ in -1 }), try constant(axes.map { _ in Int.min + 1 }),
        try constant(axes), try constant(axes.map { _ in -1 }),
      ])
  }

  /// Permutes the axes of a value.
  mutating func transpose(_ value: String, _ permutation: [Int]) throws(OperatorError) -> String {
    guard permutation != Array(permutation.indices) else { return value }
    return try emit(Transpose(permutation), [value])
  }
}
