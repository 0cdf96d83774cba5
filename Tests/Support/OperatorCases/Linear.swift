extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Linear.
  package static let linear: [OperatorCase] = []
}
