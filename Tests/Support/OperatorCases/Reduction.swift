extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Reduction.
  package static let reduction: [OperatorCase] = []
}
