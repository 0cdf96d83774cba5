import Adapters
import Backbones
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Adapters in files whose weights and values are float16.
@Suite struct HalfInjectionTests {
  private func stored(_ value: String, in model: ModelDescription) throws -> ElementType? {
    try Lowering.portable.lower(model.bindingBatch(1)).storedTypes[value]
  }

  @Test(arguments: BackboneFixture.halves, Placement.Kind.allCases)
  func `an adapter computes in float32 between two Casts, and starts as the identity`(
    _ fixture: BackboneFixture, _ kind: Placement.Kind
  ) throws {
    // A convolutional branch starts with no normalisation to stand beside.
    guard fixture.family != "resnet" || kind != .parallel else { return }
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let adapted = try AdaptedModel(model, layout, method: InjectionTests.adapter(kind))
    let images = try Eager.probe(fixture)
    #expect(
      haveEqualNumbers(
        try #require(try Eager.run(model, images)["logits"]),
        try #require(try Eager.run(adapted.model, images)["logits"])))
    let nodes = adapted.model.graph.nodes.filter { $0.name.hasPrefix("dka/") }
    let casts = nodes.filter { $0.operatorName.type == "Cast" }
    let inputs = kind == .parallel ? 2 : 1
    #expect(casts.count == adapted.modules * (inputs + 1))
    let targets = casts.map { cast in if case .int(let type)? = cast.attribute("to") { Int(type) } else { 0 }
    }
    #expect(targets.count { $0 == 10 } == adapted.modules && targets.allSatisfy { [1, 10].contains($0) })
    let made = adapted.model.graph.initializers.filter { $0.name.hasPrefix("dka/") }
    #expect(made.allSatisfy { $0.elementType == .float32 })
    for point in adapted.points { #expect(try stored(point, in: adapted.model) == .float16) }
    // What was there stays as it is.
    let names = Set(model.graph.initializers.map(\.name))
    let kept = adapted.model.graph.initializers.filter { names.contains($0.name) }
    #expect(kept.map(\.elementType) == model.graph.initializers.map(\.elementType))
  }

  @Test(arguments: BackboneFixture.halves)
  func `a new classifier reads float32 and delivers it`(_ fixture: BackboneFixture) throws {
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let adapted = try AdaptedModel(
      model, layout, method: LinearProbe(), head: ClassificationHead(classes: 3))
    let output = try #require(adapted.model.graph.outputs.first { $0.name == adapted.classifierOutput })
    #expect(output.elementType == .float32)
    #expect(try stored(output.name, in: adapted.model) == nil)
    let casts = adapted.model.graph.nodes.filter { $0.name.hasPrefix("head/widened") }
    #expect(casts.map(\.inputs) == layout.headInput?.values.map { [$0] })
    let logits = try #require(try Eager.run(adapted.model, try Eager.probe(fixture))[output.name])
    #expect(logits.shape.extents.last == 3 && logits.isFinite)
  }

  @Test(arguments: BackboneFixture.halves)
  func `weights that train are float32, with a Cast to what the file's nodes read`(_ fixture: BackboneFixture)
    throws
  {
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let adapted = try AdaptedModel(model, layout, method: FullFineTuning())
    #expect(adapted.parameters.map(\.name).sorted() == layout.weights.map(\.name).sorted())
    func weights(_ graph: Graph) -> [String: Tensor] {
      var tensors: [String: Tensor] = [:]
      for initializer in graph.initializers { tensors[initializer.name] = initializer.tensor }
      return tensors
    }
    // Until they are trained they stay as they are.
    let before = weights(adapted.model.graph)
    #expect(adapted.parameters.allSatisfy { before[$0.name]?.elementType == .float16 })
    let tensors = try adapted.parameters.map { parameter in
      (name: parameter.name, tensor: try #require(before[parameter.name]).computable())
    }
    let trained = try adapted.replacing(tensors).model
    let after = weights(trained.graph)
    for (name, tensor) in tensors {
      #expect(after[name]?.elementType == .float32 && after[name]?.doubles == tensor.doubles)
      #expect(trained.graph.nodes.contains { $0.inputs == [name] && $0.operatorName.type == "Cast" })
      #expect(!trained.graph.nodes.contains { $0.inputs.contains(name) && $0.operatorName.type != "Cast" })
    }
    let images = try Eager.probe(fixture)
    #expect(
      haveEqualNumbers(
        try #require(try Eager.run(model, images)["logits"]),
        try #require(try Eager.run(trained, images)["logits"])))
    // The written file is recognised as the one that it came from, its weights behind the Casts.
    let again = try BackboneRegistry.standard.recognize(trained, lowering: .portable).requireLayout()
    #expect(again.weights.map(\.name) == layout.weights.map(\.name))
  }
}
