import Adapters
import Backbones
import Graphs
import Operators
import TestSupport
import Testing

/// Adapters in files whose residual stream is hidden in nodes that stand for others.
@Suite struct ExpandedInjectionTests {
  @Test(arguments: BackboneFixture.expanded, Placement.Kind.allCases)
  func `every placement starts as the identity`(_ fixture: BackboneFixture, _ kind: Placement.Kind) throws {
    let model = try fixture.model()
    var adapter = InjectionTests.adapter(kind)
    let layout = try fixture.layout()
    let images = try Eager.probe(fixture)
    let before = try #require(try Eager.run(model, images)["logits"])
    let start = try AdaptedModel(model, layout, method: adapter)
    #expect(haveEqualNumbers(before, try #require(try Eager.run(start.model, images)["logits"])))
    adapter.initialization = .torch
    let random = try AdaptedModel(model, layout, method: adapter)
    #expect(!haveEqualNumbers(before, try #require(try Eager.run(random.model, images)["logits"])))
    #expect(start.modules == fixture.dka?[kind.rawValue]?.modules)
  }

  @Test(arguments: BackboneFixture.expanded)
  func `what a second file computes with adapters is what the file before its rewriting computes`(
    _ fixture: BackboneFixture
  ) throws {
    let plain = try #require(BackboneFixture.all.first { $0.file == "timm_vit.dy24.dynamic.onnx" })
    var adapter = InjectionTests.adapter()
    adapter.initialization = .torch
    let images = try Eager.probe(fixture)
    let results = try [fixture, plain].map { file in
      let adapted = try AdaptedModel(try file.model(), try file.layout(), method: adapter)
      return try #require(try Eager.run(adapted.model, images).values.first).widened
    }
    try expectClose(
      results[0], results[1], .relativeToLargest(1e-5, reason: "other orders of the same sums"))
  }

  @Test(arguments: BackboneFixture.expanded)
  func `only nodes with an insertion point in them are split in the written file`(_ fixture: BackboneFixture)
    throws
  {
    func count(_ model: ModelDescription, _ type: String) -> Int {
      model.graph.nodes.filter { $0.operatorName.type == type && $0.operatorName.domain == "com.microsoft" }
        .count
    }
    let model = try fixture.model()
    let layout = try fixture.layout()
    let all = try AdaptedModel(model, layout, method: InjectionTests.adapter())
    #expect(count(model, "SkipLayerNormalization") == 4 && count(all.model, "SkipLayerNormalization") == 0)
    #expect(count(all.model, "BiasGelu") == 2)
    let blocks = try AdaptedModel(model, layout, method: InjectionTests.adapter(.block))
    #expect(count(blocks.model, "SkipLayerNormalization") == 2)
    let probe = try AdaptedModel(model, layout, method: LinearProbe(), head: ClassificationHead(classes: 3))
    #expect(count(probe.model, "SkipLayerNormalization") == 4)
  }
}
