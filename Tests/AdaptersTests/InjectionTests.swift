import Adapters
import Backbones
import Foundation
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct InjectionTests {
  /// The adapter with kernels that suit a 4×4 grid and a test that is soon done.
  static func adapter(_ placement: Placement.Kind = .both) -> DualKernelAdapter {
    var adapter = DualKernelAdapter()
    adapter.bottleneck = 4
    adapter.large = .init(11)
    adapter.standing = Placement(placement)
    return adapter
  }

  @Test(arguments: BackboneFixture.recognised)
  func `an adapter with Up = 0 changes no output number`(_ fixture: BackboneFixture) throws {
    let model = try fixture.model()
    let adapted = try AdaptedModel(model, try fixture.layout(), method: Self.adapter())
    let images = try Eager.probe(fixture)
    let before = try Eager.run(model, images)
    let after = try Eager.run(adapted.model, images)
    #expect(adapted.modules == fixture.dka?["both"]?.modules)
    #expect(before.count == after.count)
    for (name, tensor) in before {
      let other = try #require(after[name])
      #expect(haveEqualNumbers(tensor, other))
    }
  }

  @Test(arguments: Placement.Kind.allCases, [false, true])
  func `every placement starts as the identity and leaves it with another Up`(
    _ kind: Placement.Kind, _ isBiased: Bool
  )
    throws
  {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    let model = try fixture.model()
    var adapter = Self.adapter(kind)
    adapter.hasBias = isBiased
    adapter.hasInnerGELU = isBiased
    let images = try Eager.probe(fixture)
    let before = try #require(try Eager.run(model, images).values.first)
    let start = try AdaptedModel(model, try fixture.layout(), method: adapter)
    let unchanged = try #require(try Eager.run(start.model, images).values.first)
    #expect(haveEqualNumbers(before, unchanged))
    adapter.initialization = .torch
    let random = try AdaptedModel(model, try fixture.layout(), method: adapter)
    let after = try #require(try Eager.run(random.model, images).values.first?.doubles)
    #expect(after != before.doubles)
    #expect(after.allSatisfy { $0.isFinite })
  }

  @Test(arguments: BackboneFixture.recognised)
  func `module and parameter counts are those of the method, for every placement`(_ fixture: BackboneFixture)
    throws
  {
    let layout = try fixture.layout()
    let model = try fixture.model()
    for (placement, counts) in try #require(fixture.dka) {
      var adapter = DualKernelAdapter()
      adapter.standing.kind = try #require(Placement.Kind(rawValue: placement))
      let adapted = try AdaptedModel(model, layout, method: adapter)
      #expect(adapted.modules == counts.modules)
      #expect(adapted.trainableParameters == counts.parameters)
      #expect(adapter.parameterCount(in: layout) == counts.parameters)
    }
  }

  @Test(arguments: BackboneFixture.recognised)
  func `an unchanged part of the file is written back byte for byte`(_ fixture: BackboneFixture) throws {
    let model = try fixture.model()
    let adapted = try AdaptedModel(model, try fixture.layout(), method: Self.adapter())
    let points = Set(adapted.points)
    let nodes = Dictionary(adapted.model.graph.nodes.map { ($0.outputs.first ?? "", $0) }) { first, _ in first
    }
    for node in model.graph.nodes where points.isDisjoint(with: node.inputs) {
      let kept = try #require(nodes[node.outputs.first ?? ""])
      #expect(kept.origin?.range == node.origin?.range)
      #expect(kept.origin != nil)
    }
    #expect(
      adapted.model.graph.initializers.prefix(model.graph.initializers.count).allSatisfy { $0.origin != nil })
    #expect(adapted.model.operatorSets == model.operatorSets)
    #expect(adapted.model.irVersion == model.irVersion)
  }

  @Test(arguments: BackboneFixture.transformers)
  func `weights have the names and shapes of the contract`(_ fixture: BackboneFixture) throws {
    let adapted = try AdaptedModel(try fixture.model(), try fixture.layout(), method: Self.adapter())
    let width = try #require(fixture.dim)
    let expected = (0..<2).flatMap { block in
      ["attention", "mlp"].flatMap { role in
        [("down", [width, 4]), ("large", [4, 1, 11, 11]), ("small", [4, 1, 5, 5]), ("up", [4, width])].map {
          ("dka/\(block)/\(role)/\($0.0)", $0.1)
        }
      }
    }
    let found = adapted.model.graph.initializers.filter { $0.name.hasPrefix("dka/") }
    #expect(found.map(\.name) == expected.map(\.0))
    #expect(found.map(\.shape.extents) == expected.map(\.1))
    #expect(adapted.names(in: .adapter) == expected.map(\.0))
    let annotated = adapted.model.graph.nodes.filter { $0.name.hasPrefix("dka/") && !$0.metadata.isEmpty }
    #expect(annotated.isEmpty == (adapted.model.irVersion < 10))
  }

  @Test func `blocks can be chosen, and a block that is not there is refused`() throws {
    let fixture = try #require(BackboneFixture.transformers.first)
    var adapter = Self.adapter()
    adapter.standing.blocks = try BlockSelection(parsing: "1")
    let adapted = try AdaptedModel(try fixture.model(), try fixture.layout(), method: adapter)
    #expect(adapted.names(in: .adapter).allSatisfy { $0.hasPrefix("dka/1/") })
    #expect(adapted.modules == 2)
    adapter.standing.blocks = try BlockSelection(parsing: "0-2")
    let error = #expect(throws: AdapterError.self) {
      try AdaptedModel(try fixture.model(), try fixture.layout(), method: adapter)
    }
    #expect(error?.message == "block 2 does not exist, the network has blocks 0 to 1")
  }

  @Test func `the same seed gives the same weights, another seed others`() throws {
    let fixture = try #require(BackboneFixture.transformers.first)
    func down(_ seed: Int) throws -> [Double]? {
      let adapted = try AdaptedModel(
        try fixture.model(), try fixture.layout(), method: Self.adapter(),
        head: ClassificationHead(classes: 3), seed: seed)
      return adapted.model.graph.initializers.first { $0.name == "dka/0/mlp/down" }?.tensor?.doubles
    }
    let first = try down(7)
    #expect(first == (try down(7)))
    #expect(first != (try down(8)))
  }

  @Test func `a second injection is refused by the name that clashes`() throws {
    let fixture = try #require(BackboneFixture.transformers.first)
    let once = try AdaptedModel(try fixture.model(), try fixture.layout(), method: Self.adapter())
    let error = #expect(throws: AdapterError.self) {
      try AdaptedModel(once.model, try fixture.layout(), method: Self.adapter())
    }
    #expect(error?.message.contains("already has a value 'dka/") ?? false)
  }

  @Test func `points by hand give what the family's own points give`() throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    let recognition = try fixture.recognition()
    let own = try recognition.requireLayout()
    let byHand = try recognition.layout(at: HandPlacement(own.sites(.afterAttention).map(\.value)))
    let adapted = try AdaptedModel(try fixture.model(), byHand, method: Self.adapter(.both))
    #expect(adapted.points == own.sites(.afterAttention).map(\.value))
    #expect(adapted.names(in: .adapter).first == "dka/0/block/down")
    let blind = Recognition(view: recognition.view, layout: nil, mismatches: [])
    let site = try blind.layout(at: HandPlacement([own.sites[0].value])).sites[0]
    #expect(site.grid == own.sites[0].grid)
    #expect(site.prefixTokens == 1)
  }

  @Test(arguments: BackboneFixture.hierarchical + BackboneFixture.others.filter { $0.variant != "mlp" })
  func `networks of no known family take adapters by hand and keep their answers`(_ fixture: BackboneFixture)
    throws
  {
    let recognition = Recognition(view: try fixture.recognition().view, layout: nil, mismatches: [])
    let model = try fixture.model()
    let layout = try recognition.layout(at: HandPlacement(recognition.candidates, layout: nil))
    let adapted = try AdaptedModel(model, layout, method: Self.adapter())
    let images = try Eager.probe(fixture)
    let before = try #require(try Eager.run(model, images).values.first)
    let unchanged = try #require(try Eager.run(adapted.model, images).values.first)
    #expect(haveEqualNumbers(before, unchanged))
    var random = Self.adapter()
    random.initialization = .torch
    let changed = try AdaptedModel(model, layout, method: random)
    let other = try #require(try Eager.run(changed.model, images).values.first)
    #expect(!haveEqualNumbers(before, other))
  }

  @Test(arguments: BackboneFixture.hierarchical.filter { $0.layouts == ["BCHW"] })
  func `on maps with channels first the projections are convolutions of one pixel`(_ fixture: BackboneFixture)
    throws
  {
    let adapted = try AdaptedModel(try fixture.model(), try fixture.layout(), method: Self.adapter())
    let widths = try #require(fixture.stages).flatMap { [Int](repeating: $0.channels, count: $0.blocks) }
    let expected = widths.enumerated().flatMap { block, width in
      [
        ("down", [4, width, 1, 1]), ("large", [4, 1, 11, 11]), ("small", [4, 1, 5, 5]),
        ("up", [width, 4, 1, 1]),
      ].map { ("dka/\(block)/block/\($0.0)", $0.1) }
    }
    let found = adapted.model.graph.initializers.filter { $0.name.hasPrefix("dka/") }
    #expect(found.map(\.name) == expected.map(\.0))
    #expect(found.map(\.shape.extents) == expected.map(\.1))
  }

  @Test(arguments: BackboneFixture.hierarchical.filter { $0.layouts == ["BCHW"] })
  func
    `where a block has one point, both, both-shared and block give the same file, and the first two say so`(
      _ fixture: BackboneFixture
    ) throws
  {
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let files = try [Placement.Kind.both, .bothShared, .block].map {
      try AdaptedModel(model, layout, method: Self.adapter($0))
    }
    #expect(Set(files.map { $0.model.graph.nodes.map(\.name) }).count == 1)
    #expect(Set(files.map { $0.model.graph.initializers.map(\.name) }).count == 1)
    #expect(files.map { $0.placementNote == nil } == [false, false, true])
    let error = #expect(throws: AdapterError.self) {
      try AdaptedModel(model, layout, method: Self.adapter(.parallel))
    }
    #expect(error?.message.contains("placement 'parallel' does not fit") ?? false)
  }
}
