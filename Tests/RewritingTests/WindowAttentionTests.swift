import Foundation
import Graphs
import Operators
import Rewriting
import Tensors
import Testing

@Suite struct WindowAttentionTests {
  static let swin = FixtureFusionTests.fixtures("backbones").filter { $0.contains("timm_swin") }

  private func check(_ graph: String) throws -> FusionCheck {
    try FusionCheck(try ModelDescription(text: "<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph))
  }

  @Test(arguments: swin)
  func `attention of windows is fused for the fast kernel or not at all`(_ path: String) throws {
    let fused = try FusionCheck(path: path).fused
    let attentions = fused.nodes.compactMap { $0.operation as? FusedAttention }
    // Three blocks, of which one has shifted windows; in V2 all have a scale per head.
    #expect(attentions.count == (path.contains("swinv2") ? 0 : 2))
    #expect(attentions.allSatisfy { $0.isFast(for: .float32) })
  }

  @Test(arguments: swin)
  func `a fused graph of windows gives the outputs of the plain one`(_ path: String) throws {
    try FusionCheck(path: path).compareOutputs()
  }

  @Test func `windows are cut in front of a layer that makes their rows wider`() throws {
    let check = try check(
      """
      g (float[1,4,4,6] x, float[6,18] w) => (float[16,18] y)
      <int64[6] cut = {1,2,2,2,2,6}, int64[2] rows = {16,6}> {
        a = Reshape (x, cut)
        b = Transpose <perm = [0,1,3,2,4,5]> (a)
        c = Reshape (b, rows)
        y = MatMul (c, w)
      }
      """)
    let transpose = try #require(check.fused.nodes.first { $0.type == "Transpose" })
    #expect(check.fused.type(transpose.outputs[0]).shape[-1] == 6)
    try check.compareOutputs()
  }

  @Test func `a transposition in front of a layer meets its inverse behind it`() throws {
    let check = try check(
      """
      g (float[2,3,6] x, float[6,6] w) => (float[2,3,6] y)
      <int64[2] rows = {6,6}, int64[3] tokens = {3,2,6}> {
        a = Transpose <perm = [1,0,2]> (x)
        b = Reshape (a, rows)
        c = MatMul (b, w)
        d = Reshape (c, tokens)
        y = Transpose <perm = [1,0,2]> (d)
      }
      """)
    #expect(FusionCheck.count(check.fused, "Transpose") == 0)
    try check.compareOutputs()
  }

  @Test func `attention on keys whose channels lie apart is left in its parts, which is told`() throws {
    let check = try check(
      """
      g (float[1,2,5,4] q, float[1,2,4,5] k, float[1,2,5,4] v) => (float[1,2,5,4] y) {
        s = MatMul (q, k)
        p = Softmax <axis = -1> (s)
        y = MatMul (p, v)
      }
      """)
    #expect(FusionCheck.count(check.fused, "FusedAttention") == 0)
    let outcome = try #require(check.fused.rules.first { $0.rule == FuseAttention().label })
    #expect(outcome.applied == 0)
    #expect(outcome.failure?.node == "Softmax → p")
    #expect(outcome.failure?.reason.contains("side by side") == true)
  }

  @Test func `of two places left alone the one is told that came nearer to fitting`() throws {
    let check = try check(
      """
      g (float[2,4] x, float[1,2,5,4] q, float[1,2,4,5] k, float[1,2,5,4] v) => (float[2,4] z, float[1,2,5,4] y) {
        z = Softmax <axis = -1> (x)
        s = MatMul (q, k)
        p = Softmax <axis = -1> (s)
        y = MatMul (p, v)
      }
      """)
    let outcome = try #require(check.fused.rules.first { $0.rule == FuseAttention().label })
    #expect(outcome.failure?.node == "Softmax → p")
  }

  @Test func `a rule that runs early and late is told once`() throws {
    let check = try check("g (float[2] x) => (float[2] y) { a = Identity (x)  y = Relu (a) }")
    let outcomes = check.fused.rules.filter { $0.rule == RemoveIdentity().label }
    #expect(outcomes == [RuleOutcome(rule: RemoveIdentity().label, applied: 1, failure: nil)])
  }
}
