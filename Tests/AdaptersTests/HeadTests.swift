import Adapters
import Backbones
import Graphs
import Operators
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct HeadTests {
  @Test(arguments: BackboneFixture.recognised)
  func `a new classifier has the asked-for classes under the old output name`(_ fixture: BackboneFixture)
    throws
  {
    let model = try fixture.model()
    let layout = try fixture.layout()
    let adapted = try AdaptedModel(model, layout, method: LinearProbe(), head: ClassificationHead(classes: 3))
    let features = try #require(fixture.head?.features)
    #expect(adapted.headParameters == features * 3 + 3)
    #expect(adapted.names(in: .head) == ["head/weight", "head/bias"])
    #expect(adapted.model.graph.outputs.map(\.name) == model.graph.outputs.map(\.name))
    let old = Set(layout.head?.initializers ?? [])
    #expect(!old.isEmpty)
    #expect(!adapted.model.graph.initializers.contains { old.contains($0.name) })
    guard case .tensor(_, let dimensions?)? = adapted.model.graph.outputs[0].type?.kind,
      case .tensor(_, let before?)? = model.graph.outputs[0].type?.kind
    else {
      Issue.record("the output has no shape")
      return
    }
    #expect(dimensions.map(\.extent) == [before[0].extent, .value(3)])
    let logits = try #require(try Eager.run(adapted.model, try Eager.probe(fixture)).values.first)
    #expect(logits.shape.extents == [fixture.dynamic ? 2 : 1, 3])
  }

  @Test(arguments: BackboneFixture.recognised.filter { $0.head?.kind != "distilled" })
  func `a new classifier with the old weights gives the old logits`(_ fixture: BackboneFixture) throws {
    let model = try fixture.model()
    let layout = try fixture.layout()
    let head = try #require(layout.head)
    let adapted = try AdaptedModel(
      model, layout, method: LinearProbe(), head: ClassificationHead(classes: head.classes))
    func tensor(_ name: String?) throws -> Tensor {
      try #require(model.graph.initializers.first { $0.name == name }?.tensor).computable()
    }
    // A classifier that is a convolution of one pixel has a weight [classes, features, 1, 1].
    let weight = try tensor(head.weight)
    let matrix =
      weight.shape.rank == 4 ? weight.reshaped(to: Shape(Array(weight.shape.extents[..<2]))) : weight
    let restored = try adapted.replacing([
      ("head/weight", matrix), ("head/bias", try tensor(head.bias)),
    ])
    let images = try Eager.probe(fixture)
    let before = try #require(try Eager.run(model, images).values.first)
    let after = try #require(try Eager.run(restored.model, images).values.first)
    #expect(haveEqualNumbers(before, after))
  }

  @Test(arguments: BackboneFixture.transformers.filter { $0.head?.kind == "distilled" })
  func `two averaged classifiers with one weight equal the one that replaces them`(_ fixture: BackboneFixture)
    throws
  {
    let layout = try fixture.layout()
    let head = try #require(layout.head)
    var model = try fixture.model()
    func index(_ name: String?) throws -> Int {
      try #require(model.graph.initializers.firstIndex { $0.name == name })
    }
    for (target, source) in [
      (head.layers[1].weight, head.layers[0].weight), (head.layers[1].bias, head.layers[0].bias),
    ] {
      let tensor = try #require(model.graph.initializers[try index(source)].tensor)
      model.graph.initializers[try index(target)].payload = .dense(tensor)
    }
    let adapted = try AdaptedModel(
      model, layout, method: LinearProbe(), head: ClassificationHead(classes: head.classes))
    let restored = try adapted.replacing([
      ("head/weight", try #require(model.graph.initializers[try index(head.weight)].tensor)),
      ("head/bias", try #require(model.graph.initializers[try index(head.bias)].tensor)),
    ])
    let images = try Eager.probe(fixture)
    let before = try #require(try Eager.run(model, images).values.first?.doubles)
    let after = try #require(try Eager.run(restored.model, images).values.first?.doubles)
    // Averaging before or after a sum of 24 products rounds differently: a few units in the last place of 1.
    for (left, right) in zip(before, after) { #expect(abs(left - right) < 1e-5) }
  }

  @Test func `without classes the old classifier stays and trains`() throws {
    let fixture = try #require(BackboneFixture.transformers.first)
    let layout = try fixture.layout()
    let adapted = try AdaptedModel(try fixture.model(), layout, method: DualKernelAdapter())
    #expect(adapted.names(in: .head) == layout.head?.initializers)
  }

  @Test(arguments: ["timm_vit.ts17.dynamic.onnx", "timm_vit_gap.dy18.dynamic.slim.onnx"])
  func `a network without classifier gets one on its tokens`(_ file: String) throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == file })
    var model = try fixture.model()
    let layout = try fixture.layout()
    // The last sum of the stream becomes the only output: tokens [B, N, C].
    let tokens = try #require(layout.sites.last)
    let pruned = Set([tokens.value])
    let last = try #require(model.graph.nodes.firstIndex { !pruned.isDisjoint(with: $0.outputs) })
    let before = try model.graph.topologicalOrder()
    let position = try #require(before.firstIndex(of: last))
    let kept = Set(before[...position])
    model.graph.nodes = model.graph.nodes.indices.filter { kept.contains($0) }.map { model.graph.nodes[$0] }
    model.graph.outputs = [
      ValueDescription(
        name: tokens.value,
        type: TypeDescription(
          .tensor(
            elementType: 1,
            shape: [
              Dimension(.parameter("batch")), Dimension(.unknown), Dimension(.value(Int64(tokens.channels))),
            ])))
    ]
    let recognition = try BackboneRegistry.standard.recognize(model, lowering: .portable)
    let features = try recognition.requireLayout()
    #expect(features.head == nil)
    #expect(features.variant.hasSuffix("no classifier"))
    let adapted = try AdaptedModel(
      model, features, method: InjectionTests.adapter(), head: ClassificationHead(classes: 4))
    #expect(adapted.model.graph.outputs.map(\.name) == ["logits"])
    let logits = try #require(try Eager.run(adapted.model, try Eager.probe(fixture)).values.first)
    #expect(logits.shape.extents == [2, 4])
    #expect(adapted.headParameters == 4 * tokens.channels + 4)
  }
}
