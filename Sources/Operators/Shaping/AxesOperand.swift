import Tensors

/// Axes that older operator sets give as an attribute and newer ones as an operand.
struct AxesOperand {
  private let attribute: [Int]?
  private let index: Int
  private let isOperand: Bool

  /// Axes from attribute `axes` below `version`, from operand `index` from there on.
  init(_ node: AttributeReader, operand index: Int, since version: Int) throws(OperatorError) {
    isOperand = node.version >= version
    attribute = isOperand ? nil : try node.optionalInts("axes")
    self.index = index
  }

  /// Operands that must be known before the model runs.
  var shapeInputs: [Int] { isOperand ? [index] : [] }

  /// The axes counted from the front of a value of `rank` axes, in the given order; nil where none are given.
  func axes(_ inputs: InputTypes, rank: Int) throws(OperatorError) -> [Int]? {
    let given = isOperand ? try inputs.integers(index) : attribute
    guard let given else { return nil }
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
