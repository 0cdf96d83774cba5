import Graphs
import TestSupport
import Testing

@Suite struct OperatorCaseTests {
  @Test(arguments: OperatorCase.all)
  func `an operator gives what its Double reference gives`(_ testCase: OperatorCase) throws {
    try OperatorCheck().checkValues(testCase)
  }

  @Test(arguments: OperatorCase.all)
  func `a gradient agrees with central differences`(_ testCase: OperatorCase) throws {
    try GradientCheck().check(testCase)
  }

  @Test(arguments: OperatorCase.all)
  func `a part of a result is the same when it is computed alone`(_ testCase: OperatorCase) throws {
    try NarrowingCheck().check(testCase)
  }

  @Test(arguments: OperatorCase.all.filter { !$0.operatorName.domain.isEmpty })
  func `an internal operator gives what its decomposition gives`(_ testCase: OperatorCase) throws {
    try DecompositionCheck().check(testCase)
  }
}
