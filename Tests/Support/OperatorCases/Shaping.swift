extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Shaping.
  package static let shaping: [OperatorCase] = []
}
