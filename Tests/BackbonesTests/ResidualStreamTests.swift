import Backbones
import Graphs
import Operators
import TestSupport
import Testing

@Suite struct ResidualStreamTests {
  private func stream(of model: ModelDescription) throws -> ResidualStream {
    let view = try BackboneRegistry.standard.recognize(model, lowering: .portable).view
    let map = try #require(view.nodes.first { $0.operatorName.type == "Conv" }?.outputs.first)
    return try ResidualStream(behind: map, in: view)
  }

  private func initializer(_ name: String, _ extents: [Int]) -> String {
    let values = (0..<extents.reduce(1, *)).map { "\(Double($0 % 7) / 10)" }.joined(separator: ", ")
    return "float[\(extents.map(String.init).joined(separator: ","))] \(name) = {\(values)}"
  }

  /// Tokens of a map 2×2 with one block in front of `tail`.
  private func tokens(_ tail: String, outputs: String) throws -> ModelDescription {
    try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1,3,4,4] x) => (\(outputs))
        <\(initializer("k", [4, 3, 2, 2])), \(initializer("w", [4, 4])), \(initializer("v", [4, 4])),
         \(initializer("wide", [4, 6])), \(initializer("u", [6, 6])), \(initializer("cls", [1, 2, 6])),
         \(initializer("g", [4])), int64[3] list = {1, 4, 4}> {
          map = Conv <strides = [2, 2]> (x, k)
          flat = Reshape (map, list)
          t = Transpose <perm = [0, 2, 1]> (flat)
          a = MatMul (t, w)
          b = Relu (a)
          s = Add (b, t)
          \(tail)
        }
        """)
  }

  @Test func `a hierarchical transformer is a segment per stage, its layout changes within a block`() throws {
    let fixture = try #require(BackboneFixture.hierarchical.first { $0.variant == "timm_swin" })
    let segments = try stream(of: try fixture.model()).segments
    #expect(
      segments.map { $0.points.map(\.layout) } == [
        [.channelsLast, .list, .channelsLast, .list], [.channelsLast, .list],
      ])
    #expect(segments.map { Set($0.points.map(\.grid.description)) } == [["8×8"], ["4×4"]])
    #expect(segments.map { Set($0.points.map(\.channels)) } == [[12], [24]])
    #expect(segments.map(\.border.isEmpty) == [true, false])
  }

  @Test func `a projected shortcut begins a segment, and the point is behind the activation`() throws {
    let segments = try stream(of: try CandidateTests.network("y = Relu (s2)")).segments
    #expect(segments.map { $0.points.map(\.value) } == [["a1"], ["y"]])
    #expect(segments.map { $0.points[0].layout } == [.channelsFirst, .channelsFirst])
    #expect(segments.map { $0.points[0].grid.description } == ["8×8", "4×4"])
    let last = try #require(segments.last?.points.first?.residual)
    #expect(last.stream == "a1")
    #expect(last.branch == "c2")
    #expect(segments[1].border == last.shortcut)
    #expect(last.shortcut.count == 1)
  }

  @Test func `tokens put in front behind a projection are a border`() throws {
    let segments = try stream(
      of: try tokens(
        """
        p = MatMul (s, wide)
        j = Concat <axis = 1> (cls, p)
        c = MatMul (j, u)
        d = Relu (c)
        y = Add (j, d)
        """, outputs: "float[1,6,6] y")
    ).segments
    #expect(segments.map { $0.points[0].prefixTokens } == [0, 2])
    #expect(segments.map { $0.points[0].channels } == [4, 6])
    #expect(segments.map { $0.points[0].grid.description } == ["2×2", "2×2"])
  }

  @Test(arguments: [
    "n = LayerNormalization (s, g) c = MatMul (n, v) d = Relu (c) y = Add (n, d)",
    "c = MatMul (s, v) d = Relu (c) y = Add (t, d)",
  ])
  func `a stream that a norm changes, or that a branch goes round, is none`(_ tail: String) throws {
    let error = #expect(throws: Mismatch.self) {
      try stream(of: try tokens(tail, outputs: "float[1,4,4] y"))
    }
    #expect(error?.reason.contains("the stream is changed between additions") ?? false)
    #expect(error?.nodes.count == 2)
  }

  @Test func `values part where everything on both sides comes from one value`() throws {
    let model = try tokens("c = MatMul (s, v) d = Relu (c) y = Mul (d, c)", outputs: "float[1,4,4] y")
    let view = try BackboneRegistry.standard.recognize(model, lowering: .portable).view
    func types(_ indices: [Int]) -> [String] { indices.map { view.nodes[$0].operatorName.type } }
    let simple = try #require(view.parting(of: "b", and: "t"))
    #expect(simple.value == "t")
    #expect(types(simple.left) == ["MatMul", "Relu"])
    #expect(simple.right.isEmpty)
    let nested = try #require(view.parting(of: "y", and: "s"))
    #expect(nested.value == "s")
    #expect(types(nested.left) == ["MatMul", "Relu", "Mul"])
    #expect(view.parting(of: "x", and: "x")?.value == "x")
  }
}
