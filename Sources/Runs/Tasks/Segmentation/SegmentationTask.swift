package import Adapters
package import Backbones
package import Datasets
import Graphs
package import Operators
import Tensors
package import Training

/// A class for every pixel.
package struct SegmentationTask: Task {
  package static let name = "segmentation"
  package static let metadataName = "segment"
  /// Masks.
  package let readingTitle: String? = "reading masks"

  /// What the command line says of it.
  package struct Options: Sendable {
    /// What the values of masks mean; nil for what the training masks hold.
    package var classes: MaskClasses?
    /// The new head; nil for the one that suits the network.
    package var head: DenseHead.Kind?
    /// What training minimises.
    package var loss = SegmentationLoss.Kind.crossEntropy
    /// Weight of each class, in their order; nil where all weigh the same.
    package var classWeights: [Double]?
    /// Whether the written model gives the class of every pixel beside the scores.
    package var hasArgMax = false
    /// How images larger than the network's input are cut to be measured; nil resizes them.
    package var tiles: Tiles?
    /// Threads that read masks and compare them.
    package var threads = 1

    /// The defaults.
    package init() {}
  }

  private let options: Options

  /// Pixels of the file within which borders are near.
  static let surfaceTolerance = 2.0

  /// The task.
  package init(_ options: Options = Options()) { self.options = options }

  package var defaults: TaskDefaults { TaskDefaults(epochs: 300, batch: 1, bottleneck: 192) }

  package func images(at source: String, _ reading: ImageReading, _ watch: ReadingWatch) throws
    -> LabelledImages
  {
    try LabelledImages.masked(
      at: source, classes: options.classes, reading: reading, threads: options.threads, watch)
  }

  package func requireLearnable(_ images: LabelledImages, source: String) throws {
    let count = images.pixelClasses.names.count
    guard let weights = options.classWeights, weights.count != count else { return }
    throw DatasetError(
      .usage,
      "\(weights.count) class weights for \(count) classes (\(images.pixelClasses.names.joined(separator: ", ")))",
      hint: "give --class-weights one number per class")
  }

  package func requireComplete(_ train: LabelledImages, source: String) throws {
    guard !train.samples.isEmpty else { throw DatasetError(.badData, "'\(source)': no image to train") }
    try train.requireEveryMaskClass(source: source)
  }

  package func remarks(onMeasuring images: LabelledImages, part: String) -> [DatasetNote] {
    guard !images.samples.isEmpty else { return [] }
    let counts = images.imagesByMaskClass
    let classes = images.pixelClasses
    let absent = classes.foreground.filter { counts[$0] == 0 }.map { "'\(classes.names[$0])'" }
    guard !absent.isEmpty else { return [] }
    return [DatasetNote(.note, "no \(part) mask holds \(absent.joined(separator: ", "))")]
  }

  package func targets(of images: LabelledImages) -> any TargetReader { MaskTargets(images.pixelClasses) }

  package func head(for images: LabelledImages) -> any TaskHead {
    DenseHead(
      options.head, classes: images.pixelClasses.names.count, hasArgMax: options.hasArgMax)
  }

  package func requireOneHead(in layout: BackboneLayout, startsAnew: Bool) throws {
    guard options.head == nil, !startsAnew, let decoder = layout.decoder, !layout.decoderRivals.isEmpty else {
      return
    }
    throw BackboneError.ambiguousScores(
      [decoder.output] + layout.decoderRivals, or: "start a new head with --head or --new-head")
  }

  package func keepsHead(of layout: BackboneLayout, for images: LabelledImages) -> Bool {
    options.head == nil && layout.decoder?.classes == images.pixelClasses.names.count
  }

  package var objective: any Objective {
    SegmentationLoss(options.loss, classWeights: options.classWeights)
  }

  package var tiles: Tiles? { options.tiles }

  package func measuring(_ preprocessing: Preprocessing) -> Preprocessing { preprocessing.ofWholeImage }

  package func trainedOutput(of adapted: AdaptedModel) throws -> String {
    let outputs = adapted.model.graph.outputs.map(\.name)
    guard let output = adapted.classifierOutput ?? adapted.model.namedScoreOutput ?? outputs.first else {
      throw TrainingError.unsuitable("the model has no output")
    }
    return ScoreOutput(output, in: adapted.model.graph).logits
  }

  package func requireFit(of output: ValueType?, to images: LabelledImages) throws(TrainingError) {
    let classes = output?.shape.rank == 4 ? output?.shape[1] ?? 0 : 0
    let wanted = images.pixelClasses.names.count
    guard classes == wanted else {
      throw .unsuitable("the model tells \(classes) classes of pixels apart, the masks have \(wanted)")
    }
  }

  package func runningFigures(for images: LabelledImages) -> any RunningFigures {
    RunningOverlap(images.pixelClasses, threads: options.threads)
  }

  package func measurement(of images: LabelledImages) -> any Measurement {
    SegmentationMeasurement(images.pixelClasses, tolerance: nil, threads: options.threads)
  }

  package func answer(of model: ModelFile, context: ExecutionContext) throws -> any TaskAnswer {
    try PixelScores(of: model, context: context)
  }

  package func metadata(of images: LabelledImages) -> [(key: String, value: String)] {
    [
      ("names", ClassNames.pythonDictionary(of: images.pixelClasses.names)),
      (PixelScores.classesKey, images.pixelClasses.text),
    ]
  }

  package func classNames(of images: LabelledImages) -> [String] { images.pixelClasses.names }

  package func description(of images: LabelledImages) -> String {
    let classes = images.pixelClasses
    let counts = images.imagesByMaskClass
    let found = classes.names.indices.map { index in
      classes.names[index] + (index == classes.background ? "" : " in \(counts[index])")
    }
    return "classes of pixels: " + found.joined(separator: ", ")
  }

  package func remarks(onTraining images: LabelledImages, _ configuration: TrainingConfiguration)
    -> [DatasetNote]
  {
    let measured =
      options.tiles.map { "measured are tiles of the network's size, each \($0.overlap) over the next" }
      ?? "measured are whole images, resized to the network's input"
    guard configuration.augmentation.crops else { return [DatasetNote(.note, measured)] }
    return [
      DatasetNote(.note, "a third of the random crops is centred on a pixel of a class; \(measured)")
    ]
  }
}

extension LabelledImages {
  /// The classes of pixels; none for images without masks.
  var pixelClasses: MaskClasses { masks?.classes ?? MaskClasses(names: [], values: []) }
}
