extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Constants.
  package static let constants: [OperatorCase] = []
}
