import DKA
import Foundation
import Testing

/// Masks through the library, as another package sees it.
@Suite(.serialized) struct MaskLibraryTests {
  private var recipe: TrainingConfiguration {
    var recipe = TrainingConfiguration()
    recipe.epochs = 16
    recipe.batch = 4
    recipe.adapterLearningRate = 3e-3
    recipe.headLearningRate = 1e-2
    return recipe
  }

  @Test func `masks are read, learnt, measured, predicted and written`() throws {
    try Phantoms.with(trainPerClass: 8, testPerClass: 3) { folder, _ in
      let images = try LabelledImages.masked(at: folder + "/images/index.csv")
      let classes = try #require(images.masks?.classes)
      #expect(classes.values == [0, 1, 2] && classes.names.first == "background")

      let model = try Model(contentsOf: Phantoms.transformer)
      var adapter = DualKernelAdapter()
      adapter.bottleneck = 8
      let adapted = try model.adapted(by: adapter, head: .dense(.linear, classes: classes.names.count))
      let training = try FineTuning(of: adapted, on: images, recipe)
      var losses: [Double] = []
      while training.epochsDone < 16 { losses.append(try training.runEpoch().loss) }
      #expect(losses[15] < losses[0])

      let trained = try training.model()
      let measured = try trained.segmented(on: training.parts.test)
      #expect(measured.images == training.parts.test.samples.count)
      #expect(try #require(measured.diceOfForeground) > 0.2)
      try trained.write(to: folder + "/masks.onnx")
      let written = try Model(contentsOf: folder + "/masks.onnx")
      #expect(try written.difference(from: trained, on: training.parts.test).largest == 0)
      #expect(try written.segmented(on: training.parts.test).diceOfForeground == measured.diceOfForeground)

      let paths = training.parts.test.samples.map(\.path)
      let masks = try written.masks(for: paths)
      #expect(masks.map(\.width) == Array(repeating: 64, count: paths.count))
      #expect(masks.contains { $0.classes.contains { $0 > 0 } })
      // Images as large as the network's input are one tile.
      #expect(try written.masks(for: paths, in: Tiles(overlap: 0.5)) == masks)
    }
  }

  @Test func `loss, weights and a second output are chosen, and what does not fit is refused`() throws {
    try Phantoms.with(trainPerClass: 4, testPerClass: 2) { folder, _ in
      let images = try LabelledImages.masked(at: folder + "/images/index.csv")
      let model = try Model(contentsOf: Phantoms.transformer)
      let adapted = try model.adapted(head: .dense(classes: 3, hasArgMax: true))
      #expect(adapted.description.graph.outputs.map(\.name) == ["logits", "mask"])
      let first = try FineTuning(of: adapted, on: images, recipe, loss: .dice).runEpoch().loss
      #expect((0...1).contains(first))
      #expect(throws: DatasetError.self) {
        try FineTuning(of: adapted, on: images, recipe, classWeights: [1, 2])
      }
      let error = try #require(throws: (any Error).self) {
        try FineTuning(of: try model.adapted(head: .dense(classes: 2)), on: images, recipe)
      }
      let failure = try #require(error as? any ReportableError)
      #expect(failure.message.contains("tells 2 classes of pixels apart, the masks have 3"))
      #expect(throws: DatasetError.self) { try LabelledImages.masked(at: folder + "/images/train") }
    }
  }
}
