import Backbones
package import Datasets
package import Execution
import Graphs
import Kernels
package import Operators
import TensorFiles
package import Tensors
package import Training

/// Scores of classes for every pixel: which output of a model holds them, and what the classes are.
package struct PixelScores: PicturedAnswer {
  /// Key of the classes and their values in masks in a model's metadata.
  static let classesKey = "dka.mask_classes"

  package let compiled: CompiledModel
  /// The classes of pixels.
  package let classes: MaskClasses
  private let threads: Int

  /// The scores of a model: [n, classes, H, W].
  ///
  /// - Throws: where no output, or more than one, could hold scores; where it is not said what the classes are.
  package init(of model: ModelFile, context: ExecutionContext) throws {
    let description = model.description
    threads = context.options.threads
    (compiled, classes) = try model.located {
      let names = description.graph.outputs.map(\.name)
      let maps = description.graph.outputs.filter { output in
        guard case .tensor(_, let dimensions?)? = output.type?.kind else { return false }
        return dimensions.count == 4
      }
      guard description.namedScoreOutput != nil || maps.count < 2 else {
        throw BackboneError.ambiguousScores(maps.map(\.name))
      }
      guard let output = description.namedScoreOutput ?? maps.first?.name else {
        throw TrainingError.unsuitable(
          "none of the outputs \(names.map { "'\($0)'" }.joined(separator: ", ")) gives scores of pixels, [images, classes, H, W]"
        )
      }
      let compiled = CompiledModel(
        description.delivering([ScoreOutput(output, in: description.graph).logits]),
        registry: ModelFile.registry, context: context)
      let graph = try compiled.graph(batch: 1)
      let type = graph.outputs.first.map { graph.type($0) }
      guard let type, type.shape.rank == 4, type.elementType == .float32, type.shape[1] > 1 else {
        throw TrainingError.unsuitable(
          "output '\(output)' is \(type.map { "\($0)" } ?? "nothing"), scores of pixels are float[images, classes, H, W]"
        )
      }
      let said = description.metadata.first { $0.key == Self.classesKey }?.value
      let classes = try said.map { try MaskClasses(parsing: $0) } ?? Self.numbered(type.shape[1])
      guard classes.names.count == type.shape[1] else {
        throw TrainingError.unsuitable(
          "the metadata name \(classes.names.count) classes of pixels, output '\(output)' has \(type.shape[1])"
        )
      }
      return (compiled, classes)
    }
  }

  /// Classes that nothing names: 0 is the background, the others are numbers.
  private static func numbered(_ count: Int) -> MaskClasses {
    MaskClasses(
      names: (0..<count).map { $0 == 0 ? "background" : "\($0)" }, values: Array(0..<count))
  }

  package func images(
    at source: String, _ reading: ImageReading, for model: ModelFile, _ watch: ReadingWatch
  ) throws -> (images: LabelledImages, remark: String?) {
    let images = try LabelledImages.masked(
      at: source, classes: classes, isOfModel: true, reading: reading, threads: threads, watch)
    return (images, nil)
  }

  package func measurement(of images: LabelledImages) -> any Measurement { comparison(with: images) }

  /// Compares what the output says with the masks of images; nothing yet.
  package func comparison(with images: LabelledImages) -> SegmentationMeasurement {
    SegmentationMeasurement(
      images.pixelClasses, tolerance: SegmentationTask.surfaceTolerance, threads: threads)
  }

  /// The scores of each image of an output [n, C, H, W].
  private func scores(_ output: Tensor) throws(NonFiniteScores) -> [ResizedScores] {
    try NonFiniteScores.check(output)
    return (0..<output.shape[0]).map { ResizedScores(output.rows($0..<$0 + 1)) }
  }

  /// The masks of images, each of its file's size.
  package func masks(_ output: Tensor, of samples: [Sample]) throws -> [Mask] {
    try zip(samples, try scores(output)).map { sample, scores in
      let image = try ImageFile.read(sample)
      return scores.mask(width: image.width, height: image.height)
    }
  }

  package func worst(_ count: Int, of images: LabelledImages, by metrics: any PresentedMetrics) -> [Sample] {
    guard let metrics = metrics as? SegmentationMetrics else { return [] }
    let figures = zip(images.samples, metrics.comparisons).compactMap { sample, comparison in
      comparison.dice(of: metrics.foreground).map { (sample: sample, dice: $0) }
    }
    return figures.sorted { ($0.dice, $0.sample.index) < ($1.dice, $1.sample.index) }.prefix(count)
      .map(\.sample)
  }

  package func picture(_ output: Tensor, of sample: Sample) throws -> Image {
    MaskPicture.overlay(
      try masks(output, of: [sample])[0], on: try ImageFile.read(sample), classes,
      reference: try sample.mask?.joined(classes))
  }

  package func predictions(
    _ output: Tensor, of samples: [Sample], by model: ModelFile, into folder: PredictionFolder?
  ) throws -> [any PresentedPrediction] {
    guard let folder else { throw PredictionFolder.missing }
    return try zip(samples, try scores(output)).compactMap { sample, scores in
      if let volume = folder.volume(of: sample) {
        return try volume.add(scores, of: sample, classes, into: folder)
      }
      return try MaskPrediction(scores, of: sample, classes, into: folder)
    }
  }
}
