/// Builds lists of cases statement by statement, which the compiler checks one at a time.
@resultBuilder package enum OperatorCaseList {
  package static func buildExpression(_ single: OperatorCase) -> [OperatorCase] { [single] }
  package static func buildExpression(_ several: [OperatorCase]) -> [OperatorCase] { several }
  package static func buildBlock(_ parts: [OperatorCase]...) -> [OperatorCase] { parts.flatMap { $0 } }
  package static func buildArray(_ parts: [[OperatorCase]]) -> [OperatorCase] { parts.flatMap { $0 } }
}
