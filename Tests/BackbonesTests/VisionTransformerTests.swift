import Backbones
import Graphs
import ONNXFormat
import TestSupport
import Testing

@Suite struct VisionTransformerTests {
  @Test(arguments: BackboneFixture.transformers)
  func `every exporter's vision transformer is recognised`(_ fixture: BackboneFixture) throws {
    let layout = try fixture.layout()
    #expect(layout.family == "vit")
    #expect(layout.blocks.count == fixture.blocks)
    for site in layout.sites {
      #expect(site.channels == fixture.dim)
      #expect(site.prefixTokens == fixture.prefixTokens)
      #expect([site.grid.height, site.grid.width] == fixture.grid)
      #expect(site.stage == 0)
    }
    #expect(layout.image.map { [$0.height, $0.width] } == fixture.image)
    #expect(layout.image?.channels == 3)
    #expect(layout.image?.fixedBatch == (fixture.dynamic ? nil : 1))
    #expect(layout.image?.normalization == nil)
  }

  @Test(arguments: BackboneFixture.transformers)
  func `insertion points are the sums of the stream, with what other placements need`(
    _ fixture: BackboneFixture
  )
    throws
  {
    let recognition = try fixture.recognition()
    let layout = try recognition.requireLayout()
    let blocks = try #require(fixture.blocks)
    #expect(layout.sites(.afterAttention).count == blocks)
    #expect(layout.sites(.afterMLP).count == blocks)
    #expect(layout.sites(.block).map(\.value) == layout.sites(.afterMLP).map(\.value))
    for site in layout.sites {
      let tokens = [1, site.prefixTokens + site.grid.count, site.channels]
      #expect(site.layout == .tokens)
      #expect(recognition.view.extents(site.value) == tokens)
      let branch = try #require(site.branchOutput)
      let norm = try #require(site.normOutput)
      #expect(recognition.view.extents(branch) == tokens)
      #expect(recognition.view.extents(norm) == tokens)
      let addition = try #require(recognition.view.node(making: site.value, "Add"))
      #expect(addition.inputs.contains(branch))
      #expect(recognition.view.node(making: norm, "LayerNormalization", "Add") != nil)
    }
    #expect(Set(layout.sites.compactMap(\.normOutput)).count == 2 * blocks)
  }

  @Test(arguments: BackboneFixture.transformers)
  func `the head is found with its weight`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    let head = try #require(try recognition.requireLayout().head)
    let expected = try #require(fixture.head)
    #expect(head.classes == expected.classes)
    #expect(head.features == expected.features)
    #expect(head.layers.count == expected.linears)
    #expect(head.output == recognition.view.outputs.first)
    let kinds = [
      "cls": "class_token", "mean": "mean", "cls+mean": "class_token_and_mean", "distilled": "distilled",
      "vector": "vector",
    ]
    #expect(head.kind.rawValue == kinds[expected.kind])
    for layer in head.layers {
      let weight = try #require(layer.weight)
      #expect(recognition.view.elementCount(ofInitializer: weight) == expected.classes * expected.features)
      #expect(layer.bias != nil)
    }
  }

  @Test(arguments: BackboneFixture.transformers)
  func `the variant names the implementation that the structure resembles`(_ fixture: BackboneFixture) throws
  {
    let variant = try fixture.layout().variant
    let makers = ["timm": "timm ViT", "torchvision": "torchvision ViT", "hf": "Hugging Face ViT"]
    // EVA-02 holds queries, keys and values apart, as Hugging Face's networks do.
    let resembled = fixture.variant == "timm_eva02" ? "hf" : String(fixture.variant.prefix { $0 != "_" })
    let maker = try #require(makers[resembled])
    #expect(variant.hasPrefix(maker))
  }

  @Test(arguments: SharedData.deitTiny)
  func `the real DeiT-Tiny has twelve blocks of 192 channels on a 14×14 grid`(_ path: String) throws {
    let layout = try BackboneRegistry.standard.recognize(try ONNXFile.read(path), lowering: .portable)
      .requireLayout()
    #expect(layout.variant == "timm ViT, class token")
    #expect(layout.blocks.count == 12)
    for site in layout.sites {
      #expect(site.grid == TokenGrid(height: 14, width: 14))
      #expect(site.channels == 192)
      #expect(site.prefixTokens == 1)
    }
    #expect(layout.head?.classes == 1000)
    #expect(layout.head?.features == 192)
    #expect(layout.image?.height == 224)
    // 5,717,416 parameters in all: the data set's README.
    #expect(layout.weights.reduce(0) { $0 + $1.count } == 5_717_416)
  }
}
