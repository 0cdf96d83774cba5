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
  /// Number of classes.
  package let classCount: Int
  private let runner: MicroBatchRunner
  private let threads: Int

  /// A classifier from a model whose first input is images [n, 3, H, W] and whose first output is [n, classes].
  package init(
    _ model: ModelDescription, preprocessing: Preprocessing, registry: OperatorRegistry,
    context: ExecutionContext, microBatch: Int? = nil
  ) throws {
    let compiled = CompiledModel(model, registry: registry, context: context)
    let graph = try compiled.graph(batch: 1)
    guard let input = graph.inputs.first, let output = graph.outputs.first else {
      throw TrainingError.unsuitable("the model has no input or no output")
    }
    let expected = Shape([1, 3, preprocessing.outputHeight, preprocessing.outputWidth])
    guard graph.type(input) == ValueType(.float32, expected) else {
      throw TrainingError.unsuitable(
        "input '\(input)' is \(graph.type(input)), the preprocessing makes float\(expected)")
    }
    guard graph.type(output).shape.rank == 2, graph.type(output).shape[0] == 1 else {
      throw TrainingError.unsuitable(
        "output '\(output)' has shape \(graph.type(output).shape), a classifier gives [images, classes]")
    }
    classCount = graph.type(output).shape[1]
    self.preprocessing = preprocessing
    threads = context.options.threads
    runner = MicroBatchRunner(size: try microBatch ?? compiled.suitableMicroBatch()) { count in
      try compiled.plan(try compiled.graph(batch: count))
    }
  }

  /// Logits [n, classes] for images [n, 3, H, W].
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  package func logits(of images: Tensor, isInterrupted: () -> Bool = { false }) throws -> Tensor {
    let outputs = try RunInterrupted.translating { try runner.run([images], isInterrupted: isInterrupted) }
    guard let logits = outputs.first else {
      throw TrainingError.unsuitable("no image is given")
    }
    return logits
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
      let logits = try logits(of: batch.images, isInterrupted: isInterrupted).elements(of: Float.self)
      probabilities += ClassificationMetrics.probabilities(ofLogits: logits, classCount: classCount)
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

extension ModelFile {
  /// The model as a classifier of images.
  package func classifier(_ preprocessing: Preprocessing, context: ExecutionContext) throws -> ImageClassifier
  {
    try located {
      try ImageClassifier(
        description, preprocessing: preprocessing, registry: Self.registry, context: context)
    }
  }
}
