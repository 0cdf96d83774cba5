package import Datasets
package import Execution
import Graphs
import Kernels
import Operators
package import Tensors
import Training

/// A model that turns images into one of its outputs.
///
/// Owned by one thread.
package final class ImageModel {
  /// Preprocessing of its images.
  package let preprocessing: Preprocessing
  private let runner: MicroBatchRunner
  private let threads: Int

  /// A model whose first input is images [n, C, H, W], and whose one output is [n, …].
  package init(
    _ compiled: CompiledModel, preprocessing: Preprocessing
  ) throws {
    let graph = try compiled.graph(batch: 1)
    guard let input = graph.inputs.first else { throw TrainingError.unsuitable("the model has no input") }
    let expected = Shape(
      [1, preprocessing.channels, preprocessing.outputHeight, preprocessing.outputWidth])
    guard graph.type(input) == ValueType(.float32, expected) else {
      throw TrainingError.unsuitable(
        "input '\(input)' is \(graph.type(input)), the preprocessing makes float\(expected)")
    }
    self.preprocessing = preprocessing
    threads = compiled.context.options.threads
    runner = MicroBatchRunner(size: try compiled.suitableMicroBatch()) { count in
      try compiled.plan(try compiled.graph(batch: count))
    }
  }

  /// The output for images [n, channels, H, W].
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  package func output(of images: Tensor, isInterrupted: () -> Bool = { false }) throws -> Tensor {
    let outputs = try RunInterrupted.translating { try runner.run([images], isInterrupted: isInterrupted) }
    guard let output = outputs.first else { throw TrainingError.unsuitable("no image is given") }
    return output
  }

  /// The output for samples, batch by batch in their order.
  ///
  /// - Parameters:
  ///   - report: called with the number of images done.
  ///   - isInterrupted: asked between micro-batches and while images are read; the work stops when it says so.
  ///   - each: called with every batch as it was fed, and its output.
  package func run(
    _ samples: [Sample], report: (Int) -> Void = { _ in }, isInterrupted: () -> Bool = { false },
    each: (Batch, Tensor) throws -> Void
  ) throws {
    var options = BatchLoader.Options()
    options.batchSize = max(runner.size, 8)
    options.isShuffled = false
    options.threads = threads
    let loader = BatchLoader(samples, preprocessing: preprocessing, options: options)
    loader.start(epoch: 0)
    var done = 0
    while let batch = try RunInterrupted.translating({ try loader.next(isInterrupted: isInterrupted) }) {
      let output = try output(of: batch.images, isInterrupted: isInterrupted)
      do { try each(batch, output) } catch let error as NonFiniteScores {
        throw NonFiniteScores(row: error.row, value: error.value, image: batch.samples[error.row].name)
      }
      done += batch.samples.count
      report(done)
    }
  }

  /// What the output says of images.
  ///
  /// - Parameters:
  ///   - measurement: compares it with what is right.
  ///   - tiles: how images larger than the input are cut; nil prepares them whole.
  ///   - each: called with every batch as it was fed.
  package func metrics<Measuring: Measurement>(
    of images: LabelledImages, _ measurement: Measuring, in tiles: Tiles? = nil,
    each: (Batch) throws -> Void = { _ in },
    report: (Int) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) throws -> Measuring.Metrics {
    var measurement = measurement
    if let tiles {
      try run(images.samples, in: tiles, report: report, isInterrupted: isInterrupted) { sample, output in
        try measurement.add(output, of: [sample])
      }
      return measurement.metrics
    }
    try run(images.samples, report: report, isInterrupted: isInterrupted) { batch, output in
      try each(batch)
      try measurement.add(output, of: batch.samples)
    }
    return measurement.metrics
  }
}

extension ModelFile {
  /// The model as it answers a task.
  package func imageModel(_ answer: any TaskAnswer, _ preprocessing: Preprocessing) throws -> ImageModel {
    try located { try ImageModel(answer.compiled, preprocessing: preprocessing) }
  }
}
