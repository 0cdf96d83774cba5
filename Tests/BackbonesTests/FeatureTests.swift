import Backbones
import Graphs
import Operators
import TestSupport
import Testing

@Suite struct FeatureTests {
  /// A vision transformer without its classifier: tokens as they come, normalised, and the class token of those.
  private func cut() throws -> (model: ModelDescription, raw: String, normalized: String, pooled: String) {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    let recognition = try fixture.recognition()
    let layout = try recognition.requireLayout()
    let raw = try #require(layout.sites.last?.value)
    let pooled = try #require(layout.head?.layers.first?.input)
    let view = recognition.view
    let normalized = try #require(view.node(making: pooled, "Gather")?.inputs.first)
    #expect(view.node(making: normalized, "LayerNormalization") != nil)
    return (try fixture.model(), raw, normalized, pooled)
  }

  private func reading(_ outputs: [String], of model: ModelDescription) throws -> BackboneLayout {
    try BackboneRegistry.standard.recognize(model.delivering(outputs), lowering: .portable).requireLayout()
  }

  @Test func `a vector is read before tokens, wherever it stands`() throws {
    let (model, raw, normalized, pooled) = try cut()
    for outputs in [[raw, pooled], [pooled, raw], [normalized, pooled]] {
      let layout = try reading(outputs, of: model)
      #expect(layout.head == nil)
      #expect(layout.headInput == .vector(pooled, features: 24))
      #expect(layout.output == pooled)
    }
  }

  @Test func `tokens behind the last normalisation are read before those that the last block makes`() throws {
    let (model, raw, normalized, _) = try cut()
    for outputs in [[raw, normalized], [normalized, raw], [normalized]] {
      let layout = try reading(outputs, of: model)
      #expect(layout.headInput == .firstToken(normalized, features: 24))
      #expect(layout.output == normalized)
    }
  }

  @Test func `tokens as they come are read where nothing else is`() throws {
    let (model, raw, _, _) = try cut()
    #expect(try reading([raw], of: model).headInput == .firstToken(raw, features: 24))
  }
}
