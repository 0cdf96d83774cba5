import Adapters
import Execution
import Foundation
import Graphs
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

@Suite struct TrainerTests {
  @Test(arguments: [1, 2, 3, 4])
  func `micro-batches change the sum of gradients by rounding at most`(_ size: Int) throws {
    var training = SmallTraining(method: SmallTraining.livelyAdapter, microBatch: 8)
    let whole = try training.trainer()
    training.microBatch = size
    let cut = try training.trainer()
    let first = try SmallTraining.run(whole, steps: 0..<1)[0]
    let second = try SmallTraining.run(cut, steps: 0..<1)[0]
    #expect(abs(first.loss - second.loss) <= 1e-6 * first.loss)
    for name in whole.parameterNames {
      let sum = StepGraph.gradientSum(of: name)
      let expected = try #require(try whole.variables.copy(of: sum))
      let found = try #require(try cut.variables.copy(of: sum))
      try expectClose(
        found.widened, expected.widened,
        .relativeToLargest(2e-5, reason: "the images' contributions are added in another order"), name)
    }
  }

  @Test func `training has the same bits with one and two threads`() throws {
    let one = try SmallTraining(threads: 1).trainer()
    let two = try SmallTraining(threads: 2).trainer()
    try SmallTraining.run(one, steps: 0..<3)
    try SmallTraining.run(two, steps: 0..<3)
    #expect(differing(try state(one), try state(two)) == [])
  }

  @Test func `two trainings from one seed have the same bits`() throws {
    let first = try SmallTraining().trainer()
    let second = try SmallTraining().trainer()
    #expect(
      try SmallTraining.run(first, steps: 0..<3).map(\.loss)
        == SmallTraining.run(second, steps: 0..<3).map(\.loss))
    #expect(differing(try state(first), try state(second)) == [])
  }

  @Test func `the first step moves Up alone, the second moves all that has a gradient`() throws {
    let trainer = try SmallTraining().trainer()
    let start = try trainer.parameters()
    try SmallTraining.run(trainer, steps: 0..<1)
    let moved = differing(start, try trainer.parameters())
    #expect(Set(moved) == Set(start.map(\.name).filter { $0.hasSuffix("/up") || $0.hasPrefix("head/") }))
    try SmallTraining.run(trainer, steps: 1..<2)
    let later = Set(differing(start, try trainer.parameters()))
    let unreachable = ["attention", "mlp"].flatMap { ["dka/1/\($0)/large", "dka/1/\($0)/small"] }
    #expect(Set(start.map(\.name)).subtracting(later) == Set(unreachable))
  }

  @Test func `nothing but the trainable tensors changes`() throws {
    let adapted = try SmallTraining().adapted()
    let trainer = try SmallTraining().trainer(of: adapted)
    try SmallTraining.run(trainer, steps: 0..<2)
    let trained = try adapted.replacing(try trainer.parameters().map { (name: $0.name, tensor: $0.value) })
    let names = Set(adapted.parameters.map(\.name))
    for (before, after) in zip(adapted.model.graph.initializers, trained.model.graph.initializers)
    where !names.contains(before.name) {
      let (old, new) = (try #require(before.tensor), try #require(after.tensor))
      #expect(old.isIdentical(to: new), "\(before.name)")
    }
  }

  @Test func `a checkpoint goes on bit for bit`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "dka-\(UUID().uuidString).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let straight = try SmallTraining().trainer()
    try SmallTraining.run(straight, steps: 0..<6)

    let before = try SmallTraining().trainer()
    try SmallTraining.run(before, steps: 0..<3)
    try Checkpoint(
      stepCount: before.stepCount, epochsDone: 1,
      best: .init(epoch: 1, score: [0.1, -0.7], parameters: try before.parameters()),
      learningRates: before.learningRates, configuration: ["a": 1], origin: ["b": 2], dataList: [3, 4],
      variables: try before.checkpointVariables()
    ).write(to: path)
    let read = try Checkpoint(readingFrom: path)
    #expect(read.stepCount == 3)
    #expect(read.configuration == ["a": 1] && read.origin == ["b": 2] && read.dataList == [3, 4])
    #expect(read.best?.score == [0.1, -0.7])
    let after = try SmallTraining().trainer()
    try after.restore(read, path: path)
    try SmallTraining.run(after, steps: 3..<6)
    #expect(differing(try state(straight), try state(after)) == [])
    #expect(
      differing(
        try before.parameters().sorted { $0.name < $1.name },
        (read.best?.parameters ?? []).sorted { $0.name < $1.name }) == [])
  }

  @Test(arguments: 0..<4)
  func `a step that is interrupted before any of its micro-batches changes nothing`(_ polls: Int) throws {
    let trainer = try SmallTraining(microBatch: 2).trainer()
    try SmallTraining.run(trainer, steps: 0..<1)
    let before = try trainer.checkpointVariables()
    let (images, labels) = try SmallTraining.batch(1)
    var asked = 0
    let error = #expect(throws: TrainingError.self) {
      try trainer.step([images], labels: labels) {
        asked += 1
        return asked > polls
      }
    }
    #expect(error?.failureCode == .interrupted)
    #expect(asked == polls + 1 && trainer.stepCount == 1)
    #expect(differing(before, try trainer.checkpointVariables()) == [])
    // What the interrupted step had summed up is not left for the next one.
    let fresh = try SmallTraining(microBatch: 2).trainer()
    try SmallTraining.run(fresh, steps: 0..<2)
    try SmallTraining.run(trainer, steps: 1..<2)
    #expect(differing(try trainer.checkpointVariables(), try fresh.checkpointVariables()) == [])
  }

  @Test func `evaluation is interrupted between micro-batches`() throws {
    let trainer = try SmallTraining(microBatch: 2).trainer()
    var asked = 0
    let error = #expect(throws: TrainingError.self) {
      try trainer.output([try SmallTraining.batch(0).images]) {
        asked += 1
        return asked == 3
      }
    }
    #expect(error?.failureCode == .interrupted && asked == 3)
  }

  @Test func `a file that is no checkpoint is refused by name`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "dka-\(UUID().uuidString).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafeTensors.write([.init(name: "a", tensor: try Tensor([Float(1)]))], metadata: [], to: path)
    let error = #expect(throws: TrainingError.self) { try Checkpoint(readingFrom: path) }
    #expect(error?.message == "is not a checkpoint of this version of the tool")
  }

  @Test func `a head trained on precomputed features is the head trained on images`() throws {
    var training = SmallTraining(method: LinearProbe())
    let whole = try training.trainer()
    training.splitsPrefix = true
    let split = try training.trainer()
    #expect(try split.hasPrefix())
    #expect(try !whole.hasPrefix())
    let first = try SmallTraining.run(whole, steps: 0..<4)
    let second = try SmallTraining.run(split, steps: 0..<4)
    for (a, b) in zip(first, second) { #expect(abs(a.loss - b.loss) <= 1e-6 * a.loss) }
  }

  @Test func `a file whose batch is fixed at one trains like the same file with an open batch`() throws {
    let open = try SmallTraining(method: SmallTraining.livelyAdapter, file: "timm_vit.ts17.dynamic.onnx")
      .trainer()
    let fixed = try SmallTraining(method: SmallTraining.livelyAdapter, file: "timm_vit.dy18.fixed.onnx")
      .trainer()
    let first = try SmallTraining.run(open, steps: 0..<3)
    let second = try SmallTraining.run(fixed, steps: 0..<3)
    for (a, b) in zip(first, second) { #expect(abs(a.loss - b.loss) <= 1e-5 * a.loss) }
  }

  @Test func `a loss that is no number ends training with its step`() throws {
    let trainer = try SmallTraining().trainer()
    let (images, labels) = try SmallTraining.batch(0)
    let broken = try Tensor([Float](repeating: .nan, count: images.shape.elementCount), shape: images.shape)
    let error = #expect(throws: TrainingError.self) { try trainer.step([broken], labels: labels) }
    #expect(error?.message == "the loss is not a finite number any more at step 1")
  }
}
