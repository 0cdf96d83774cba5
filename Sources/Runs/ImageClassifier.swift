package import Backbones
package import Datasets
import Execution
package import Graphs
import Kernels
package import Operators
package import Tensors
package import Training

/// A model that turns images into class probabilities.
///
/// Owned by one thread.
package final class ImageClassifier {
  /// Preprocessing of its images.
  package let preprocessing: Preprocessing
  /// Number of classes; two where the model gives one score per image.
  package let classCount: Int
  /// What the model's scores are.
  package let scoreKind: ScoreOutput.Kind
  private let columns: Int
  private let runner: MicroBatchRunner
  private let threads: Int

  /// A classifier from a model whose first input is images [n, 3, H, W] and that has an output [n, classes], or [n].
  package init(
    _ model: ModelDescription, preprocessing: Preprocessing, registry: OperatorRegistry,
    context: ExecutionContext, microBatch: Int? = nil
  ) throws {
    guard let scores = try ScoreOutput.find(in: model, context: context) else {
      let outputs = model.graph.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
      throw TrainingError.unsuitable(
        "none of the outputs \(outputs) gives scores of classes, [images, classes]")
    }
    let compiled = CompiledModel(
      model.delivering([scores.name]), registry: registry, context: context)
    let graph = try compiled.graph(batch: 1)
    guard let input = graph.inputs.first, let output = graph.outputs.first else {
      throw TrainingError.unsuitable("the model has no input or no output")
    }
    let expected = Shape([1, 3, preprocessing.outputHeight, preprocessing.outputWidth])
    guard graph.type(input) == ValueType(.float32, expected) else {
      throw TrainingError.unsuitable(
        "input '\(input)' is \(graph.type(input)), the preprocessing makes float\(expected)")
    }
    let type = graph.type(output)
    guard (1...2).contains(type.shape.rank), type.shape[0] == 1, type.elementType == .float32 else {
      throw TrainingError.unsuitable(
        "output '\(output)' is \(type), a classifier gives float[images, classes]")
    }
    columns = type.shape.rank == 2 ? type.shape[1] : 1
    guard columns > 0 else { throw TrainingError.unsuitable("output '\(output)' has no classes") }
    classCount = max(columns, 2)
    scoreKind = scores.kind
    self.preprocessing = preprocessing
    threads = context.options.threads
    runner = MicroBatchRunner(size: try microBatch ?? compiled.suitableMicroBatch()) { count in
      try compiled.plan(try compiled.graph(batch: count))
    }
  }

  /// The model's scores for images [n, 3, H, W]: [n, classes], or one number per image.
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  package func scores(of images: Tensor, isInterrupted: () -> Bool = { false }) throws -> Tensor {
    let outputs = try RunInterrupted.translating { try runner.run([images], isInterrupted: isInterrupted) }
    guard let scores = outputs.first else {
      throw TrainingError.unsuitable("no image is given")
    }
    return scores
  }

  /// Class probabilities, row by row, as the model means its scores: what is a probability already stays as it is.
  private func probabilities(ofScores scores: [Float]) throws(NonFiniteScores) -> [[Double]] {
    try NonFiniteScores.check(scores, columns: columns)
    guard columns > 1 else {
      // One number per image tells two classes apart and stands for the second one.
      guard scoreKind == .logits else { return scores.map { [1 - Double($0), Double($0)] } }
      return try ClassificationMetrics.probabilities(ofLogits: scores.flatMap { [0, $0] }, classCount: 2)
    }
    switch scoreKind {
    case .logits, .logProbabilities:
      // Softmax of log probabilities gives the probabilities, but for what rounding left of their sum.
      return try ClassificationMetrics.probabilities(ofLogits: scores, classCount: columns)
    case .probabilities, .independentProbabilities:
      return stride(from: 0, to: scores.count, by: columns).map { start in
        scores[start..<start + columns].map(Double.init)
      }
    }
  }

  /// Class probabilities of labelled images, in the order of the samples.
  ///
  /// - Parameters:
  ///   - each: called with every batch as it was fed, before it is run.
  ///   - report: called with the number of images done.
  ///   - isInterrupted: asked between micro-batches and while images are read; the work stops when it says so.
  package func probabilities(
    of samples: [Sample], each: (Batch) throws -> Void = { _ in }, report: (Int) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws -> [[Double]] {
    var options = BatchLoader.Options()
    options.batchSize = max(runner.size, 8)
    options.isShuffled = false
    options.threads = threads
    let loader = BatchLoader(samples, preprocessing: preprocessing, options: options)
    loader.start(epoch: 0)
    var probabilities: [[Double]] = []
    while let batch = try RunInterrupted.translating({ try loader.next(isInterrupted: isInterrupted) }) {
      try each(batch)
      let scores = try scores(of: batch.images, isInterrupted: isInterrupted).elements(of: Float.self)
      do { probabilities += try self.probabilities(ofScores: scores) } catch {
        throw NonFiniteScores(
          row: error.row, value: error.value, image: samples[probabilities.count + error.row].path)
      }
      report(probabilities.count)
    }
    return probabilities
  }

  /// Figures on labelled images.
  package func metrics(
    of images: LabelledImages, classes: [String], each: (Batch) throws -> Void = { _ in },
    report: (Int) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) throws -> ClassificationMetrics {
    let probabilities = try probabilities(
      of: images.samples, each: each, report: report, isInterrupted: isInterrupted)
    return ClassificationMetrics(
      probabilities: probabilities, labels: images.samples.map(\.label), classes: classes)
  }
}

extension ScoreOutput {
  /// The score output of a model, found with all known operators.
  static func find(in model: ModelDescription, context: ExecutionContext) throws(BackboneError)
    -> ScoreOutput?
  {
    try find(in: model, lowering: Lowering(registry: ModelFile.registry, context: context))
  }
}

extension ModelFile {
  /// The output with the scores of the classes, nil where there is none.
  ///
  /// - Throws: where several outputs could be it, by their names.
  package func scoreOutput(_ context: ExecutionContext) throws -> ScoreOutput? {
    try located { try ScoreOutput.find(in: description, context: context) }
  }

  /// The model as a classifier of images.
  package func classifier(_ preprocessing: Preprocessing, context: ExecutionContext) throws -> ImageClassifier
  {
    try located {
      try ImageClassifier(
        description, preprocessing: preprocessing, registry: Self.registry, context: context)
    }
  }
}
