import DKA
import Foundation
import Testing

/// The library as another package sees it: this target has no access to what is not public.
@Suite(.serialized) struct LibraryTests {
  private func withPhantoms(_ body: (_ folder: String, _ images: LabelledImages) throws -> Void) throws {
    try Phantoms.with(trainPerClass: 12, testPerClass: 4, body)
  }

  private var recipe: TrainingConfiguration {
    var recipe = TrainingConfiguration()
    recipe.epochs = 2
    recipe.batch = 8
    recipe.adapterLearningRate = 2e-3
    recipe.headLearningRate = 1e-3
    return recipe
  }

  /// The failure of `body`, as the program would report it.
  private func failure(_ body: () throws -> Void) throws -> any ReportableError {
    var failure: (any Error)?
    do { try body() } catch { failure = error }
    return try #require(failure as? any ReportableError)
  }

  @Test func `a model of open images is bound where it is computed with, and written as it was`() throws {
    try withPhantoms { folder, _ in
      var description = try ONNXFile.read(Phantoms.transformer)
      description.graph.inputs[0].type?.kind = .tensor(
        elementType: 1, shape: ["n", "c", "h", "w"].map { Dimension(.parameter($0)) })
      try ONNXFile.write(description, to: folder + "/open.onnx")
      let model = try Model(contentsOf: folder + "/open.onnx")
      let adapted = try model.adapted(head: .classifier(classes: 3))
      #expect(adapted.description.graph.inputs[0].type == description.graph.inputs[0].type)
      try adapted.write(to: folder + "/adapted.onnx")
      let written = try Model(contentsOf: folder + "/adapted.onnx", imageSide: 64)
      #expect(try written.difference(from: adapted).largest == 0)
    }
  }

  @Test func `a model is read, adapted, trained, measured and written`() throws {
    try withPhantoms { folder, images in
      let model = try Model(contentsOf: Phantoms.transformer)
      let backbone = try model.backbone()
      #expect(backbone.family == "vit")
      #expect(backbone.blocks.count == 6)

      var adapter = DualKernelAdapter()
      adapter.bottleneck = 8
      let adapted = try model.adapted(by: adapter, in: backbone, head: .classifier(classes: 3))
      let count = adapted.trainableTensors.filter { $0.group == .adapter }.reduce(0) { $0 + $1.count }
      #expect(count == adapter.parameterCount(in: backbone))

      let training = try FineTuning(of: adapted, on: images, recipe)
      #expect(training.parts.train.samples.count + training.parts.validation.samples.count == 36)
      var losses: [Double] = []
      while training.epochsDone < 2 { losses.append(try training.runEpoch().loss) }
      #expect(losses[1] < losses[0])

      let trained = try training.model()
      let metrics = try trained.evaluated(on: training.parts.test)
      #expect(metrics.images == 12)
      #expect(metrics.classes == images.classes)

      let path = folder + "/adapted.onnx"
      try trained.write(to: path)
      let written = try Model(contentsOf: path)
      #expect(try written.evaluated(on: training.parts.test).confusion == metrics.confusion)
      #expect(try written.difference(from: trained, on: training.parts.test).largest == 0)
      let image = try #require(training.parts.test.samples.first)
      let prediction = try #require(try written.predictions(for: [image.path]).first)
      #expect(images.classes.contains(prediction.className))
      #expect(abs(prediction.probabilities.reduce(0, +) - 1) < 1e-12)
    }
  }

  @Test func `the number of threads changes no bit of a trained model`() throws {
    try withPhantoms { _, images in
      func trained(threads: Int) throws -> Model {
        var model = try Model(contentsOf: Phantoms.transformer)
        model.threads = threads
        let adapted = try model.adapted(head: .classifier(classes: 3))
        let training = try FineTuning(of: adapted, on: images, recipe)
        _ = try training.runEpoch()
        return try training.model()
      }
      let (one, two) = (try trained(threads: 1), try trained(threads: 2))
      #expect(try one.difference(from: two).largest == 0)
    }
  }

  @Test func `an unchanged model is written byte for byte`() throws {
    try withPhantoms { folder, _ in
      try Model(contentsOf: Phantoms.transformer).write(to: folder + "/same.onnx")
      #expect(
        FileManager.default.contentsEqual(atPath: folder + "/same.onnx", andPath: Phantoms.transformer))
    }
  }

  @Test func `tensors go in by name and come out in order`() throws {
    let model = try Model(contentsOf: Phantoms.transformer)
    let name = try #require(model.description.graph.inputs.first?.name)
    let images = try Tensor([Float](repeating: 0.5, count: 2 * 3 * 64 * 64), shape: [2, 3, 64, 64])
    let logits = try #require(try model.outputs(for: [name: images]).first)
    #expect(logits.shape == [2, 8])
    let values = try #require(logits.array(of: Float.self))
    #expect(values[..<8] == values[8...])
  }

  @Test func `a number that only one of two models gives is an infinite difference`() throws {
    try withPhantoms { folder, _ in
      func model(_ operation: String) throws -> Model {
        let path = "\(folder)/\(operation).onnx"
        let text = """
          <ir_version: 8, opset_import: ["" : 17]>
          g (float[1,3,4,4] x) => (float[1,3,4,4] y) { y = \(operation) (x) }
          """
        try ONNXFile.write(try ModelDescription(text: text), to: path)
        return try Model(contentsOf: path)
      }
      let (root, positive) = (try model("Sqrt"), try model("Relu"))
      #expect(try root.difference(from: positive).largest == .infinity)
      #expect(try root.difference(from: root).largest == 0)
      let found = try positive.difference(from: positive)
      #expect(found.largest == 0 && found.scale > 0 && found.images == 4)
    }
  }

  /// An adapter as a user would write one: a bottleneck without kernels.
  private struct Bottleneck: AdapterMethod {
    static let name = "bottleneck"
    static let optionNames: [String] = []
    var placement: Placement? { .afterEachResidual }
    var options: AdapterOptions { AdapterOptions() }

    init() {}
    init(reading options: AdapterOptions) throws(AdapterError) {}

    func build(
      at site: InsertionSite, reading connection: AdapterConnection, in builder: inout AdapterBuilder
    ) throws(AdapterError) -> String {
      let down = try builder.weight(.down, [site.channels, 4], fanIn: site.channels, fanOut: 4, .standard)
      let hidden = try builder.gelu(builder.node("MatMul", "hidden", [connection.input, down]), "activated")
      let up = try builder.weight(.up, [4, site.channels], fanIn: 4, fanOut: site.channels, .standard)
      let update = builder.node("MatMul", "update", [hidden, up])
      return builder.node("Add", "output", [connection.base, update])
    }
  }

  @Test func `a method of one's own starts as the identity and trains`() throws {
    try withPhantoms { _, images in
      let model = try Model(contentsOf: Phantoms.transformer)
      let adapted = try model.adapted(by: Bottleneck())
      #expect(try adapted.difference(from: model).largest == 0)
      let training = try FineTuning(
        of: try model.adapted(by: Bottleneck(), head: .classifier(classes: 3)), on: images, recipe)
      _ = try training.runEpoch()
      #expect(try training.runEpoch().loss.isFinite)
    }
  }

  @Test func `what cannot be done is refused with a reason`() throws {
    try withPhantoms { folder, images in
      let model = try Model(contentsOf: Phantoms.transformer)
      #expect(try failure { _ = try Model(contentsOf: folder + "/none.onnx") }.failureCode == .missingInput)
      #expect(try failure { _ = try FineTuning(of: model, on: images) }.message.contains("not adapted"))
      let two = try model.adapted(head: .classifier(classes: 2))
      let labels = try failure { _ = try FineTuning(of: two, on: images, recipe) }
      #expect(labels.message == "the model tells 2 classes apart, the images have 3")
      let hand = try failure { _ = try model.backbone(at: HandPlacement(["nowhere"])) }
      #expect(hand.message.contains("nowhere"))
      try Data().write(to: URL(filePath: try #require(images.samples.first?.path)))
      let unreadable = try failure {
        _ = try FineTuning(of: try model.adapted(head: .classifier(classes: 3)), on: images, recipe)
      }
      #expect(unreadable.failureCode == .badData)
    }
  }

  @Test func `training stops between batches when it is asked to`() throws {
    try withPhantoms { _, images in
      let adapted = try Model(contentsOf: Phantoms.transformer).adapted(head: .classifier(classes: 3))
      var batches = 0
      let training = try FineTuning(
        of: adapted, on: images, recipe,
        report: { event in if case .advance(_, let figures) = event, !figures.isEmpty { batches += 1 } },
        isInterrupted: { batches >= 2 })
      #expect(throws: RunInterrupted.self) { _ = try training.runEpoch() }
      #expect(training.epochsDone == 0)
    }
  }
}
