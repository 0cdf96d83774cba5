import Adapters
import Backbones
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

/// Networks whose file has a head for pixels already.
@Suite struct SegmenterHeadTests {
  @Test(arguments: ["segmenter_mask.ts17.dynamic", "segmenter_linear.ts17.dynamic.slim"])
  func `the decoder of a Segmenter is kept and trains, or gives way to a new head`(_ name: String) throws {
    let model = try ONNXFile.read(FixtureFiles.path("segmenter/\(name).onnx"))
    let recognition = try BackboneRegistry.standard.recognize(model, lowering: .portable)
    let layout = try recognition.requireLayout()
    let kept = try AdaptedModel(model, layout, method: DualKernelAdapter())
    let decoder = try #require(layout.decoder)
    #expect(Set(kept.names(in: .head)) == Set(decoder.initializers))
    #expect(kept.classifierOutput == decoder.output)
    #expect(kept.modules == 4)
    let image = try #require(layout.image)
    let shape = Shape([2, 3, image.height, image.width])
    let images = try Tensor((0..<shape.elementCount).map { Float($0 % 17) / 8 - 1 }, shape: shape)
    let (before, after) = (try Eager.run(model, images), try Eager.run(kept.model, images))
    let first = try #require(before[decoder.output])
    let second = try #require(after[decoder.output])
    #expect(haveEqualNumbers(first, second))

    let fresh = try AdaptedModel(
      model, layout, method: DualKernelAdapter(), head: DenseHead(.mask, classes: 2))
    #expect(fresh.model.graph.outputs.count == 1)
    #expect(!fresh.model.graph.initializers.contains { decoder.initializers.contains($0.name) })
    let made = try Eager.run(fresh.model, images)
    let scores = try #require(made.values.first)
    #expect(scores.shape.extents == [2, 2, image.height, image.width])

    // What was written is a Segmenter again, with the same points.
    let again = try BackboneRegistry.standard.recognize(
      try AdaptedModel(model, layout, method: LinearProbe(), head: DenseHead(.mask, classes: 2)).model,
      lowering: .portable)
    #expect(try again.requireLayout().family == "segmenter")
    #expect(again.layout?.sites.map(\.value) == layout.sites.map(\.value))
  }
}
