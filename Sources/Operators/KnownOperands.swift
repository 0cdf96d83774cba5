import Tensors

extension InputTypes {
  /// Integers of an attribute of older operator sets where it is there, else of the operand that replaced it.
  func integers(_ index: Int, orAttribute attribute: [Int]?) throws(OperatorError) -> [Int]? {
    if let attribute { return attribute }
    return try integers(index)
  }
}

extension Operands {
  /// Types and values of the operands while they are at hand, for rules that read both.
  var knownInputs: InputTypes {
    InputTypes(
      types: (0..<count).map { index in optional(index).map { ValueType($0.elementType, $0.shape) } },
      constants: (0..<count).map { optional($0)?.tensor }, outputCount: outputCount)
  }
}
