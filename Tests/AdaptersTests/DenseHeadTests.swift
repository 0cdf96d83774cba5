import Adapters
import Backbones
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Heads that give every pixel scores of classes.
@Suite struct DenseHeadTests {
  @Test(arguments: BackboneFixture.recognised, DenseHead.Kind.allCases)
  func `every recognised network gets scores of pixels at the size of its images`(
    _ fixture: BackboneFixture, _ kind: DenseHead.Kind
  ) throws {
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let adapted = try AdaptedModel(
      model, layout, method: LinearProbe(), head: DenseHead(kind, classes: 3))
    let output = try #require(adapted.classifierOutput)
    #expect(adapted.model.graph.outputs.first?.name == output)
    let old = Set(layout.head?.initializers ?? [])
    #expect(!adapted.model.graph.initializers.contains { old.contains($0.name) })
    let outputs = try Eager.run(adapted.model, try Eager.probe(fixture))
    let scores = try #require(outputs[output])
    #expect(scores.shape.extents == [fixture.dynamic ? 2 : 1, 3] + fixture.image)
    #expect(scores.isFinite)
    let width = try #require(layout.finalMap).channels
    #expect(adapted.headParameters == Self.parameters(kind, width, layout.maps.map(\.channels), 3))
  }

  /// The published numbers of parameters.
  private static func parameters(_ kind: DenseHead.Kind, _ width: Int, _ widths: [Int], _ classes: Int) -> Int
  {
    switch kind {
    case .stages:
      widths.reduce(0) { $0 + 2 * $1 + 256 * $1 + 256 } + 256 * 256 * widths.count + 256 + 256 * classes
        + classes
    case .linear: width * classes + classes
    case .mask:
      // Projection, class tokens, two blocks, norm, two projections, norm of the scores.
      width * width + width + classes * width + 2 * (12 * width * width + 13 * width) + 2 * width
        + 2 * width * width + 2 * classes
    }
  }

  @Test func `the counts of METHOD for three classes are those of the formula`() {
    #expect(Self.parameters(.mask, 192, [192], 3) == 1_001_478)
    #expect(Self.parameters(.mask, 768, [768], 3) == 15_949_830)
    #expect(Self.parameters(.stages, 768, [96, 192, 384, 768], 3) == 635_715)
    #expect(Self.parameters(.stages, 2048, [256, 512, 1024, 2048], 3) == 1_254_915)
  }

  @Test func `adapters change the map that the head reads, and start as nothing`() throws {
    let named = BackboneFixture.recognised.first { $0.file == "timm_vit.ts17.dynamic.onnx" }
    let fixture = try #require(named)
    let (model, layout) = (try fixture.model(), try fixture.layout())
    let head = DenseHead(.linear, classes: 2)
    let images = try Eager.probe(fixture)
    func scores(_ adapted: AdaptedModel) throws -> Tensor {
      let output = try #require(adapted.classifierOutput)
      let outputs = try Eager.run(adapted.model, images)
      return try #require(outputs[output])
    }
    let plain = try scores(AdaptedModel(model, layout, method: LinearProbe(), head: head))
    let adapted = try AdaptedModel(model, layout, method: DualKernelAdapter(), head: head)
    #expect(haveEqualNumbers(plain, try scores(adapted)))
    let ups = adapted.names(in: .adapter).filter { $0.hasSuffix("/up") }
    let changed = try adapted.replacing(
      ups.map { name in
        let shape = Shape([16, 24])
        let values = (0..<shape.elementCount).map { Float($0 % 7) * 0.1 }
        return (name, try Tensor(values, shape: shape))
      })
    #expect(!haveEqualNumbers(plain, try scores(changed)))
  }
}
