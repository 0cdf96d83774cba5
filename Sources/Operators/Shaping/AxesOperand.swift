import Tensors

extension AttributeReader {
  /// Operand 0, and as operand 1 the axes, which the node has as attribute `axes` below a version.
  func operandsWithAxes(since version: Int) throws(OperatorError) -> [FormOperand] {
    self.version >= version ? operands : operands.prefix(1) + [.integers(try optionalInts("axes"))]
  }
}

extension InputTypes {
  /// Axes that an operand lists, counted from the front of a value of `rank` axes, in the given order; nil without operand.
  func axes(_ index: Int, rank: Int) throws(OperatorError) -> [Int]? {
    guard let given = try integers(index) else { return nil }
    guard given.count <= rank else { throw .invalid("\(given.count) axes are given for \(rank)") }
    var axes: [Int] = []
    for axis in given {
      guard axis >= -rank, axis < rank else {
        throw .invalid("axis \(axis) is out of range for \(rank) axes")
      }
      let normalized = axis < 0 ? axis + rank : axis
      guard !axes.contains(normalized) else { throw .invalid("axis \(axis) is given twice") }
      axes.append(normalized)
    }
    return axes
  }
}
