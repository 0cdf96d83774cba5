import Graphs
import Operators
import Rewriting
import Tensors
import TestSupport
import Testing

@Suite struct GraphPhaseTests {
  /// y = Relu(x), z = y · y.
  private func graph() throws -> LoweredGraph {
    try Lowering.portable.lower(
      try ModelDescription(
        text: """
          <ir_version: 8, opset_import: ["" : 17]>
          g (float[2,3] x) => (float[2,3] z) { y = Relu (x) z = Mul (y, y) }
          """))
  }

  @Test func `a lowered graph keeps its promises`() throws {
    #expect(try graph().problems(in: .lowered) == [])
  }

  @Test func `a node before its operand, a value made twice and one that nobody makes are named`() throws {
    var turned = try graph()
    turned.nodes.reverse()
    #expect(turned.problems(in: .late).contains { $0.contains("reads 'y', which nothing before it makes") })
    var doubled = try graph()
    doubled.nodes.append(doubled.nodes[0])
    #expect(doubled.problems(in: .late).contains { $0.contains("makes 'y', which exists already") })
    var missing = try graph()
    missing.outputs.append("w")
    #expect(missing.problems(in: .late).contains("'w' is delivered or kept, and nothing makes it"))
  }

  @Test func `a type that the operator does not infer is named`() throws {
    var graph = try graph()
    graph.types["y"] = ValueType(.float32, [3, 2])
    #expect(
      graph.problems(in: .late).contains { $0.hasPrefix("'y' is float[3,2], its operator makes float[2,3]") })
  }

  @Test func `operators of a later phase are named`() throws {
    let fused = try FusionCheck(
      path: FixtureFiles.path("backbones/timm_vit.ts17.dynamic.onnx"), batch: 1
    ).early
    #expect(fused.problems(in: .early) == [])
    #expect(
      fused.problems(in: .lowered).contains {
        $0.contains("(dka.fused.Linear) has no place in phase lowered")
      })
  }
}
