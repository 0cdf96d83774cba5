extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Normalization.
  package static let normalization: [OperatorCase] = []
}
