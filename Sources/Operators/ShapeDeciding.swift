/// An operator some of whose operands decide the shapes of its results.
package protocol ShapeDeciding: Operator {
  /// Operands that must be known before the model runs.
  var shapeInputs: [Int] { get }
}

/// An operator whose result is known from its operands' types alone.
package protocol DecidedByTypes: Operator {
  /// The integers of result 0.
  func valuesDecidedByTypes(_ inputs: InputTypes) -> [Int]
}

extension Operator {
  /// Operands that must be known before the model runs.
  package var decidingInputs: [Int] { (self as? any ShapeDeciding)?.shapeInputs ?? [] }
}
