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

  @Test(arguments: [
    ("com.microsoft.nchwc.Conv", "export the model again"),
    ("com.microsoft.MultiHeadAttention", "export the model again"),
    ("com.microsoft.MatMulNBits", "model_fp16.onnx"), ("com.microsoft.QLinearAdd", "model_fp16.onnx"),
    ("DynamicQuantizeLinear", "model_fp16.onnx"), ("ConvInteger", "model_fp16.onnx"),
  ])
  func `operators of ONNX Runtime's own and of quantised files are refused by name, with a way out`(
    _ name: String, _ hint: String
  ) throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    var model = try fixture.model()
    let dot = name.lastIndex(of: ".")
    let operatorName = OperatorName(
      dot.map { String(name[name.index(after: $0)...]) } ?? name,
      domain: dot.map { String(name[..<$0]) } ?? "")
    model.graph.nodes += (0..<2).map { Node(operatorName, name: "n\($0)", inputs: [], outputs: ["o\($0)"]) }
    let error = #expect(throws: BackboneError.self) {
      try BackboneRegistry.standard.recognize(model, lowering: .portable)
    }
    let isQuantized = hint.hasPrefix("model")
    #expect(error?.failureCode == .unsupported && error?.node == "n0")
    #expect(
      error?.message
        == (isQuantized
          ? "the file is quantised" : "the file was rewritten by ONNX Runtime's optimiser")
        + ": it has \(name) ×2")
    #expect(error?.unsupported == ["\(name) (2 nodes)"])
    #expect(error?.hint?.contains(hint) == true)
  }
}
