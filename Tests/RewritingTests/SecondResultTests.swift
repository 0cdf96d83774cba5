import Graphs
import Operators
import Rewriting
import TestSupport
import Testing

/// Nodes that hand elements on and have a second result: nobody may lose it.
@Suite struct SecondResultTests {
  private func model(_ signature: String, _ body: String) throws -> ModelDescription {
    try ModelDescription(text: "<ir_version: 8, opset_import: [\"\" : 17]> g \(signature) { \(body) }")
  }

  @Test(arguments: [
    (
      "(float[1,6] x) => (float[1,3,2] y, float[1,3,2] z) <int64[3] s = {1, 3, 2}>",
      "r = Reshape (x, s) a, mask = Dropout (r) y = Relu (a) z = Cast <to = 1> (mask)"
    ), ("(float[1,6] x) => (float[1,6] y, bool[1,6] mask)", "a, mask = Dropout (x) y = Relu (a)"),
  ])
  func `a Dropout whose mask is read or delivered stays`(_ signature: String, _ body: String) throws {
    let check = try FusionCheck(try model(signature, body), batch: 1)
    #expect(FusionCheck.count(check.fused, "Dropout") == 1)
    try check.compareOutputs()
  }

  @Test func `attention does not write through a Dropout whose mask is read`() throws {
    let check = try FusionCheck(
      try model(
        "(float[1,2,5,4] q, float[1,2,5,4] k, float[1,2,5,4] v) => (float[1,5,8] y, float[1,2,5,4] z) "
          + "<int64[3] s = {1, 5, 8}>",
        """
        kt = Transpose <perm = [0, 1, 3, 2]> (k) p = MatMul (q, kt) r = Softmax <axis = -1> (p) o = MatMul (r, v)
        d, mask = Dropout (o) t = Transpose <perm = [0, 2, 1, 3]> (d) y = Reshape (t, s) z = Cast <to = 1> (mask)
        """), batch: 1)
    #expect(FusionCheck.count(check.fused, "MatMul", "Softmax") == 0)
    try check.compareOutputs()
  }

  @Test func `a Dropout that is told not to train is nothing`() throws {
    let check = try FusionCheck(
      try model(
        "(float[1,6] x) => (float[1,6] y) <float p = {0.5}, bool no = {0}>",
        "a = Dropout (x, p, no) y = Relu (a)"), batch: 1)
    #expect(FusionCheck.count(check.fused, "Dropout") == 0)
    try check.compareOutputs()
  }
}
