extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Logic.
  package static let logic: [OperatorCase] = []
}
