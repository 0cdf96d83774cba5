import Adapters
import Backbones
import Foundation
import Graphs
import ONNXFormat
import TestSupport
import Testing

@Suite struct CountTests {
  /// A network's shape without its weights: stages of (blocks, channels) with two points a block.
  static func layout(_ stages: [(blocks: Int, channels: Int)]) -> BackboneLayout {
    var blocks: [BackboneLayout.Block] = []
    for (stage, size) in stages.enumerated() {
      for _ in 0..<size.blocks {
        let index = blocks.count
        let points = InsertionSite.Role.allCases.map { role in
          InsertionSite(
            value: "\(index)/\(role)", role: role, layout: .tokens, grid: TokenGrid(height: 14, width: 14),
            channels: size.channels, prefixTokens: 1, block: index, stage: stage)
        }
        blocks.append(.init(index: index, stage: stage, points: points))
      }
    }
    return BackboneLayout(
      family: "vit", variant: "", blocks: blocks, head: nil, headInput: nil, output: "", image: nil,
      weights: [])
  }

  static let baseSize = layout([(12, 768)])

  static func count(_ options: [(key: String, value: String)], _ layout: BackboneLayout = baseSize) throws
    -> Int
  {
    try DualKernelAdapter(reading: AdapterOptions(options)).parameterCount(in: layout)
  }

  // METHOD, section 1: trainable parameters with the head excluded, computed there from 2·C·d + d·(K₁² + K₂²).
  @Test(arguments: [
    ("both", 1_598_208), ("block", 799_104), ("both-shared", 799_104), ("before-add", 1_598_208),
    ("parallel", 1_598_208),
  ])
  func `placements of ViT-B have the published counts`(_ placement: String, _ expected: Int) throws {
    #expect(try Self.count([("placement", placement)]) == expected)
  }

  @Test(arguments: [
    ("none,5", 599_424), ("51,none", 1_588_608), ("11,5", 645_888), ("21,5", 768_768), ("31,5", 968_448),
    ("51,3", 1_592_064), ("51,7", 1_607_424), ("51,9", 1_619_712), ("71,5", 2_535_168),
  ])
  func `kernels of ViT-B have the published counts`(_ kernels: String, _ expected: Int) throws {
    #expect(try Self.count([("kernels", kernels)]) == expected)
  }

  @Test(arguments: [(4, 399_552), (8, 799_104), (32, 3_196_416), (64, 6_392_832)])
  func `bottlenecks of ViT-B have the published counts`(_ dim: Int, _ expected: Int) throws {
    #expect(try Self.count([("dim", "\(dim)")]) == expected)
  }

  @Test func `other networks have the published counts`() throws {
    #expect(DualKernelAdapter().parameterCount(channels: 768) == 66_592)
    #expect(try Self.count([], Self.layout([(24, 1024)])) == 3_589_632)
    #expect(try Self.count([], Self.layout([(2, 96), (2, 192), (6, 384), (2, 768)])) == 1_291_008)
    #expect(try Self.count([], Self.layout([(2, 128), (2, 256), (18, 512), (2, 1024)])) == 2_786_816)
    let bottlenecks = Self.layout([(3, 256), (4, 512), (6, 1024), (3, 2048)])
    #expect(try Self.count([("placement", "block")], bottlenecks) == 1_155_584)
    #expect(try Self.count([("dim", "192")]) == 19_178_496)
  }

  @Test(arguments: SharedData.deitTiny)
  func `the real DeiT-Tiny gets 24 modules and a head of 579`(_ path: String) throws {
    let model = try ONNXFile.read(path)
    let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
    let adapted = try AdaptedModel(
      model, layout, method: DualKernelAdapter(), head: ClassificationHead(classes: 3))
    #expect(adapted.modules == 24)
    #expect(adapted.trainableParameters == 12 * 2 * (2 * 192 * 16 + 16 * (51 * 51 + 5 * 5)))
    #expect(adapted.headParameters == 192 * 3 + 3)
    let whole = try AdaptedModel(
      model, layout, method: FullFineTuning(), head: ClassificationHead(classes: 3))
    #expect(whole.trainableParameters == 5_717_416 - 193_000)
    #expect(whole.headParameters == 579)
    let probe = try AdaptedModel(model, layout, method: LinearProbe(), head: ClassificationHead(classes: 3))
    #expect(probe.trainableParameters == 0)
    #expect(probe.headParameters == 579)
  }

  /// Seeded exports of torchvision's vit_b_16 by Tools/goldens, 350 MB each: only where `DKA_VIT_B` names one.
  static let baseFile = ProcessInfo.processInfo.environment["DKA_VIT_B"]

  @Test(.enabled(if: baseFile != nil))
  func `all of ViT-B but its head are 85,798,656 parameters`() throws {
    let model = try ONNXFile.read(try #require(Self.baseFile))
    let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
    let whole = try AdaptedModel(model, layout, method: FullFineTuning())
    #expect(whole.trainableParameters == 85_798_656)
    #expect(whole.headParameters == 769_000)
    let adapted = try AdaptedModel(
      model, layout, method: DualKernelAdapter(), head: ClassificationHead(classes: 3))
    #expect(adapted.trainableParameters == 1_598_208)
    #expect(adapted.headParameters == 2_307)
  }
}
