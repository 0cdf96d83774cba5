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
    // A convolutional branch starts with no normalisation to stand beside.
    guard fixture.family != "resnet" || kind != .parallel else {
      #expect(throws: AdapterError.self) { try AdaptedModel(model, layout, method: adapter) }
      return
    }
    let before = try #require(try Eager.run(model, images)["logits"])
    let start = try AdaptedModel(model, layout, method: adapter)
    #expect(haveEqualNumbers(before, try #require(try Eager.run(start.model, images)["logits"])))
    adapter.initialization = .torch
    let random = try AdaptedModel(model, layout, method: adapter)
    #expect(!haveEqualNumbers(before, try #require(try Eager.run(random.model, images)["logits"])))
    if let counts = fixture.dka?[kind.rawValue] { #expect(start.modules == counts.modules) }
  }

  @Test(arguments: BackboneFixture.expanded)
  func `what a second file computes with adapters is what the file before its rewriting computes`(
    _ fixture: BackboneFixture
  ) throws {
    let plain = try #require(fixture.unoptimized)
    var adapter = InjectionTests.adapter()
    adapter.initialization = .torch
    let images = try Eager.probe(plain.dynamic ? fixture : plain)
    let results = try [fixture, plain].map { file in
      let adapted = try AdaptedModel(try file.model(), try file.layout(), method: adapter)
      return try #require(try Eager.run(adapted.model, images).values.first).widened
    }
    try expectClose(
      results[0], results[1],
      fixture.isHalf
        ? .relativeToLargest(1e-2, reason: "weights rounded to float16")
        : .relativeToLargest(1e-5, reason: "other orders of the same sums"))
  }

  @Test(arguments: BackboneFixture.expanded.filter { $0.optimizer == "onnxruntime-transformers" })
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

  @Test(arguments: [(Placement.Kind.block, 0), (.beforeAdd, 5)])
  func `a convolution is split only where the sum in it is asked for`(_ kind: Placement.Kind, _ splits: Int)
    throws
  {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "torchvision_resnet.ts11.fixed.onnx" })
    let plain = try fixture.model()
    let fused = try Self.fusingResiduals(of: plain)
    func count(_ model: ModelDescription) -> Int {
      model.graph.nodes.count { $0.operatorName == OperatorName("FusedConv", domain: "com.microsoft") }
    }
    #expect(count(fused) == 5)
    var adapter = InjectionTests.adapter(kind)
    adapter.initialization = .torch
    let images = try Eager.probe(fixture)
    let adapted = try [plain, fused].map { model in
      let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
      #expect(layout.variant == "ResNet-12, basic blocks" && layout.blocks.count == 5)
      return try AdaptedModel(model, layout, method: adapter).model
    }
    #expect(count(adapted[1]) == 5 - splits)
    let outputs = try adapted.map { try #require(try Eager.run($0, images)["logits"]) }
    #expect(haveEqualNumbers(outputs[0], outputs[1]))
  }

  /// A residual network with each convolution, the addition that closes its block and the activation behind it in one node.
  private static func fusingResiduals(of model: ModelDescription) throws -> ModelDescription {
    var model = model
    let (producers, consumers) = (model.graph.producers(), model.graph.consumers())
    var fused: [Int: Node] = [:]
    var gone: Set<Int> = []
    for (index, add) in model.graph.nodes.enumerated() where add.operatorName.type == "Add" {
      let reader = try #require(consumers[add.outputs[0]]?.first)
      let maker = try #require(
        add.inputs.compactMap { producers[$0] }.first { model.graph.nodes[$0].operatorName.type == "Conv" })
      var node = model.graph.nodes[maker]
      #expect(model.graph.nodes[reader].operatorName.type == "Relu")
      let other = try #require(add.inputs.first { $0 != node.outputs[0] })
      node.operatorName = OperatorName("FusedConv", domain: "com.microsoft")
      node.inputs.append(other)
      node.outputs = model.graph.nodes[reader].outputs
      node.attributes.append(Attribute("activation", "Relu"))
      fused[reader] = node
      gone.formUnion([index, maker])
    }
    model.graph.nodes = model.graph.nodes.enumerated().filter { !gone.contains($0.offset) }
      .map { fused[$0.offset] ?? $0.element }
    model.operatorSets.append(OperatorSet(domain: "com.microsoft", version: 1))
    return model
  }
}
