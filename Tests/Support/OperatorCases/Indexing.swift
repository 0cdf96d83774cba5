extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Indexing.
  package static let indexing: [OperatorCase] = []
}
