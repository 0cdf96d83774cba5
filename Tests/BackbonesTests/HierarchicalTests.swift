import Backbones
import ONNXFormat
import TestSupport
import Testing

/// Swin transformers and residual convolutional networks.
@Suite struct HierarchicalTests {
  @Test(arguments: BackboneFixture.hierarchical)
  func `every exporter's Swin, ResNet and MobileNet is recognised`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    let layout = try recognition.requireLayout()
    #expect(layout.family == fixture.family)
    #expect(layout.image.map { [$0.height, $0.width] } == fixture.image)
    let stages = try #require(fixture.stages)
    #expect(
      layout.blocks.map(\.stage) == stages.indices.flatMap { [Int](repeating: $0, count: stages[$0].blocks) })
    for block in layout.blocks {
      let stage = stages[block.stage]
      for site in block.points {
        #expect(site.channels == stage.channels)
        #expect([site.grid.height, site.grid.width] == stage.grid)
        #expect(site.prefixTokens == 0)
        let (count, extents) = (site.grid.count, recognition.view.extents(site.value))
        switch site.layout {
        case .channelsLast: #expect(extents == [1] + stage.grid + [stage.channels])
        case .channelsFirst: #expect(extents == [1, stage.channels] + stage.grid)
        case .list: #expect(extents == [1, count, stage.channels])
        case .tokens: Issue.record("'\(site.value)' is a map, not tokens")
        }
      }
    }
  }

  @Test(arguments: BackboneFixture.hierarchical)
  func `layout belongs to the point`(_ fixture: BackboneFixture) throws {
    let layout = try fixture.layout()
    let expected = try #require(fixture.layouts)
    for block in layout.blocks {
      let points = block.points.count == 1 ? block.points : block.points.filter { $0.role != .block }
      #expect(points.map(\.layout.rawValue) == expected)
      #expect(block.points.last?.role == .block)
    }
  }

  @Test(arguments: BackboneFixture.hierarchical)
  func `the classifier on the mean of the map is found with its weight`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    let head = try #require(try recognition.requireLayout().head)
    let expected = try #require(fixture.head)
    #expect(head.kind == .mean)
    #expect(head.classes == expected.classes)
    #expect(head.features == expected.features)
    let weight = try #require(head.weight)
    #expect(recognition.view.elementCount(ofInitializer: weight) == expected.classes * expected.features)
    #expect(head.bias != nil)
  }

  @Test(arguments: BackboneFixture.hierarchical.filter { $0.family == "swin" })
  func `the variant names the implementation, and V2 where norms stand behind the branches`(
    _ fixture: BackboneFixture
  ) throws {
    let variant = try fixture.layout().variant
    let makers = ["timm": "timm Swin", "torchvision": "torchvision Swin", "hf": "Hugging Face Swin"]
    let maker = try #require(makers[String(fixture.variant.prefix { $0 != "_" })])
    #expect(variant == maker + (fixture.variant.contains("v2") ? " V2" : "") + ", 2+1 blocks")
  }

  @Test(arguments: BackboneFixture.hierarchical.filter { $0.family == "swin" })
  func `only a norm in front of the branch can be read beside it`(_ fixture: BackboneFixture) throws {
    let isPostNorm = fixture.variant.contains("v2")
    #expect(try fixture.layout().sites.allSatisfy { ($0.normOutput == nil) == isPostNorm })
  }

  @Test(.enabled(if: SharedData.isPresent))
  func `the real ResNet-20 and MobileNetV2 have nine and ten blocks`() throws {
    for (file, variant, blocks) in [
      ("resnet20_cifar10.onnx", "ResNet-20, basic blocks", 9),
      ("mobilenet_v2_1.0_224.onnx", "MobileNetV2, 10 inverted residuals", 10),
    ] {
      let model = try ONNXFile.read(SharedData.path("weights/" + file))
      let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
      #expect(layout.variant == variant)
      #expect(layout.blocks.count == blocks)
    }
  }
}
