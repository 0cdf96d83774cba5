import Foundation
import Graphs
import Operators
import Rewriting
import Tensors
import Testing

@Suite struct WindowAttentionTests {
  static let swin = FixtureFusionTests.fixtures("backbones").filter { $0.contains("_swin") }

  private func check(_ graph: String) throws -> FusionCheck {
    try FusionCheck(try ModelDescription(text: "<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph))
  }

  @Test(arguments: swin)
  func `attention in windows is fused, with masks of shifted ones and scales per head`(_ path: String) throws
  {
    let check = try FusionCheck(path: path)
    let attentions = check.fused.nodes.compactMap { $0.operation as? FusedAttention }
    #expect(attentions.count == FusionCheck.count(check.plain, "Softmax", "Attention"))
    #expect(attentions.allSatisfy { $0.isFast(for: .float32) })
  }

  @Test(arguments: swin.filter { !$0.contains("_swinv2") })
  func `windows are cut out of the map and put back by attention itself`(_ path: String) throws {
    let check = try FusionCheck(path: path)
    let listed = check.fused.nodes.filter { node in
      (node.operation as? FusedAttention)?.attributes.contains { $0.name == "rows" } ?? false
    }
    let outcome = try #require(check.fused.rules.first { $0.rule == ReadWindowsInPlace().label })
    #expect(outcome.applied == listed.count && outcome.failure == nil)
    // Of three blocks the last may see its whole map as one window.
    #expect(listed.count >= 2)
    // What remains are the image's transposition and one in front of the head.
    #expect(FusionCheck.count(check.fused, "Transpose") <= 2)
  }

  /// A map [2, 4, 4, 6] in windows of 2 by 2, shifted by 1 and back; with what makes its scores `z` of the product `s`.
  private static func shifted(back: Int, scores: String) -> String {
    """
    g (float[2,4,4,6] x, float[6,18] w, float[6,6] v) => (float[2,4,4,6] y)
    <int64[1] zero = {0}, int64[1] one = {1}, int64[1] end = {9}, int64[1] back = {\(back)}, int64[1] rows = {1},
     int64[1] columns = {2}, int64[6] cut = {2,2,2,2,2,6}, int64[3] windows = {8,4,6},
     int64[5] heads = {8,4,3,2,3}, int64[5] five = {2,4,2,4,4}, int64[4] three = {8,2,4,4}, int64[3] joined = {8,4,6},
     int64[6] pieces = {2,2,2,2,2,6}, int64[4] map = {2,4,4,6}, float[2,1,1] scale = {0.5, 2},
     float[1,4,1,4,4] mask = {0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0,  -9,0,0,0, 0,-9,0,0, 0,0,-9,0, 0,0,0,-9,
       0,1,0,0, 0,1,0,0, 0,1,0,0, 0,1,0,0,  0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0}, float[1,1,1,4] bias = {0.5, 0.25, 0, -1}> {
      r1 = Slice (x, one, end, rows)
      r2 = Slice (x, zero, one, rows)
      r = Concat <axis = 1> (r1, r2)
      c1 = Slice (r, one, end, columns)
      c2 = Slice (r, zero, one, columns)
      c = Concat <axis = 2> (c1, c2)
      p1 = Reshape (c, cut)
      p2 = Transpose <perm = [0,1,3,2,4,5]> (p1)
      p = Reshape (p2, windows)
      l = MatMul (p, w)
      h = Reshape (l, heads)
      t = Transpose <perm = [2,0,3,1,4]> (h)
      q, k, u = Split <axis = 0, num_outputs = 3> (t)
      sq = Squeeze (q, zero)
      sk = Squeeze (k, zero)
      su = Squeeze (u, zero)
      kt = Transpose <perm = [0,1,3,2]> (sk)
      s = MatMul (sq, kt)
      \(scores)
      e = Softmax <axis = -1> (z)
      a = MatMul (e, su)
      at = Transpose <perm = [0,2,1,3]> (a)
      j = Reshape (at, joined)
      o = MatMul (j, v)
      b1 = Reshape (o, pieces)
      b2 = Transpose <perm = [0,1,3,2,4,5]> (b1)
      b = Reshape (b2, map)
      d1 = Slice (b, back, end, columns)
      d2 = Slice (b, zero, back, columns)
      d = Concat <axis = 2> (d1, d2)
      f1 = Slice (d, back, end, rows)
      f2 = Slice (d, zero, back, rows)
      y = Concat <axis = 1> (f1, f2)
    }
    """
  }

  @Test func `a shifted window with bias, mask and scale per head leaves two layers and an attention`() throws
  {
    let text = Self.shifted(
      back: 3,
      scores: """
        s1 = Mul (s, scale)
        s2 = Add (s1, bias)
        s3 = Reshape (s2, five)
        s4 = Add (s3, mask)
        z = Reshape (s4, three)
        """
    )
    let check = try check(text)
    #expect(check.fused.nodes.map(\.type) == ["Linear", "FusedAttention", "Linear"])
    try check.compareOutputs()
  }

  @Test func `a map that is not shifted back keeps its moves`() throws {
    let check = try check(
      Self.shifted(back: 1, scores: "z = Identity (s)"))
    #expect(FusionCheck.count(check.fused, "FusedAttention") == 1)
    #expect(FusionCheck.count(check.fused, "Concat") == 4)
    let outcome = try #require(check.fused.rules.first { $0.rule == ReadWindowsInPlace().label })
    #expect(outcome.failure?.reason == "its result is not moved back into the map")
    try check.compareOutputs()
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

  @Test(arguments: [
    ("Pad (x, none)", "none = {0, 0, 0, 0}"), ("Tile (x, none)", "none = {1, 1}"),
    ("Expand (x, none)", "none = {1, 4}"),
  ])
  func `what adds nothing is removed`(node: String, constant: String) throws {
    let count = constant.split(separator: ",").count
    let check = try check(
      "g (float[2,4] x) => (float[2,4] y) <int64[\(count)] \(constant)> { a = \(node)  y = Relu (a) }")
    #expect(check.fused.nodes.map(\.type) == ["Relu"])
  }
}
