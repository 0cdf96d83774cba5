extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Arithmetic.
  package static let arithmetic: [OperatorCase] = []
}
