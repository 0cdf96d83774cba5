import Backbones
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct MismatchTests {
  /// Why each family does not fit, by variant.
  private static let reasons = [
    "mlp": ["vit": "no convolution reads the image input"],
    "timm_convnext": [
      "swin": "expected a map with channels last", "resnet": "LayerNormalization",
      "mobilenet": "LayerNormalization",
    ],
    "timm_pvt": [
      "vit": "does not cut the image into patches", "swin": "does not cut the image into patches",
      "resnet": "expected a map [B, C, H, W]",
    ],
    "torchvision_efficientnet": [
      "vit": "does not cut the image into patches", "resnet": "(Sigmoid)", "mobilenet": "(Sigmoid)",
    ],
  ]

  @Test(arguments: BackboneFixture.others)
  func `another family is refused with its reasons`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    #expect(recognition.layout == nil)
    for (family, reason) in try #require(Self.reasons[fixture.variant]) {
      let mismatch = try #require(recognition.mismatches.first { $0.family == family }?.mismatch)
      #expect(mismatch.reason.contains(reason))
    }
  }

  @Test(arguments: BackboneFixture.others)
  func `an unknown family offers values for insertion by hand`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    let counts = ["mlp": 0, "timm_convnext": 5, "timm_pvt": 4, "torchvision_efficientnet": 3]
    #expect(recognition.candidates.count == counts[fixture.variant])
    #expect(recognition.candidates.allSatisfy { (3...4).contains(recognition.view.extents($0).count) })
    let error = #expect(throws: BackboneError.self) { try recognition.requireLayout() }
    #expect(error?.failureCode == .unsupported)
    #expect(error?.message.hasPrefix("the network is of no known family (vit: ") ?? false)
    #expect(error?.hint?.contains("--at") ?? false)
  }

  @Test(arguments: BackboneFixture.rewritten)
  func `a file that ONNX Runtime rewrote is refused by the names of its operators`(_ fixture: BackboneFixture)
    throws
  {
    let error = #expect(throws: BackboneError.self) { try fixture.recognition() }
    #expect(error?.failureCode == .unsupported)
    #expect(
      error?.message.hasPrefix("the file was rewritten by ONNX Runtime's optimiser: it has com.microsoft.")
        ?? false)
    #expect(error?.unsupported.contains { $0.hasPrefix("com.microsoft.FusedMatMul") } ?? false)
    #expect(error?.hint?.contains("export the model again") ?? false)
  }
}
