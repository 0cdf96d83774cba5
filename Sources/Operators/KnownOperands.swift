import Tensors

extension InputTypes {
  /// Integers of an attribute of older operator sets where it is there, else of the operand that replaced it.
  func integers(_ index: Int, orAttribute attribute: [Int]?) throws(OperatorError) -> [Int]? {
    if let attribute { return attribute }
    return try integers(index)
  }
}
