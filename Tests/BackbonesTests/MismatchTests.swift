import Backbones
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct MismatchTests {
  @Test(arguments: BackboneFixture.others)
  func `another family is refused with its reason and nodes`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    #expect(recognition.layout == nil)
    let mismatch = try #require(recognition.mismatches.first { $0.family == "vit" }?.mismatch)
    switch fixture.variant {
    case "timm_resnet":
      #expect(mismatch.reason.contains("does not cut the image into patches"))
      #expect(mismatch.nodes.count == 1)
    case "timm_swin":
      #expect(mismatch.reason.contains("expected tokens [B, N, C]"))
      #expect(mismatch.nodes.count == 1)
    default:
      #expect(mismatch.reason.contains("no convolution reads the image input"))
    }
  }

  @Test(arguments: BackboneFixture.others)
  func `an unknown family offers values for insertion by hand`(_ fixture: BackboneFixture) throws {
    let recognition = try fixture.recognition()
    let candidates = recognition.candidates
    switch fixture.variant {
    case "timm_resnet": #expect(recognition.unsupported.map(\.name) == ["MaxPool"] || candidates.count == 4)
    case "timm_swin": #expect(candidates.count == 6)
    default: #expect(candidates.isEmpty)
    }
    #expect(candidates.allSatisfy { (3...4).contains(recognition.view.extents($0).count) })
    let error = #expect(throws: BackboneError.self) { try recognition.requireLayout() }
    #expect(error?.failureCode == .unsupported)
    guard recognition.unsupported.isEmpty else { return }
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
