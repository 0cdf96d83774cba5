import Graphs
import Operators
import Rewriting
import Tensors
import Testing

@Suite struct ReadPositionTests {
  /// Compares a model's outputs before and after the rules.
  private func check(_ body: String, version: Int) throws {
    let check = try FusionCheck(
      try ModelDescription(
        text: """
          <ir_version: 8, opset_import: ["" : \(version)]>
          g (float[2,6,4] x) => (float[2,1,4] z) <int64[1] i = {1}> { \(body) }
          """))
    try check.compareOutputs()
  }

  @Test(arguments: ["Softmax", "LogSoftmax"], [-2, 1, 2])
  func `a distribution of which one position is read is computed whole`(_ name: String, _ axis: Int) throws {
    try check("y = \(name) <axis = \(axis)> (x)  z = Gather <axis = 1> (y, i)", version: 17)
  }

  @Test(arguments: ["Softmax", "LogSoftmax"], [1, 2])
  func `so is one over several axes`(_ name: String, _ axis: Int) throws {
    try check("y = \(name) <axis = \(axis)> (x)  z = Gather <axis = 1> (y, i)", version: 11)
  }

  @Test func `where distributions lie apart, only those that are read are computed`() throws {
    let check = try FusionCheck(
      try ModelDescription(
        text: """
          <ir_version: 8, opset_import: ["" : 17]>
          g (float[2,6,4] x) => (float[2,1,4] z) <int64[1] i = {1}> { y = Softmax (x)  z = Gather <axis = 1> (y, i) }
          """))
    let softmax = try #require(check.early.nodes.first { $0.type == "Softmax" })
    #expect(check.early.type(softmax.outputs[0]).shape == [2, 1, 4])
  }
}
