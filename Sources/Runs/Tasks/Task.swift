package import Adapters
package import Backbones
package import Datasets
package import Execution
import Graphs
package import Operators
package import TensorFiles
package import Tensors
package import Training

/// What a model learns to tell of an image: a class, a mask.
///
/// The one place that joins what the layers below declare as small protocols: the reader of targets, the head, the objective,
/// figures while training and metrics afterwards, and how a written file is read. One folder per task in `Runs/Tasks`;
/// nothing else in training, evaluation and the command line knows what is learned.
package protocol Task: Sendable {
  /// The name, as `--task` has it.
  static var name: String { get }
  /// The name in a written model's metadata, under `task`.
  static var metadataName: String { get }
  /// What progress calls the files that hold what is learned; nil where no files do.
  var readingTitle: String? { get }

  /// What the recipe says where the user says nothing.
  var defaults: TaskDefaults { get }

  /// Reads labelled images from a folder or table.
  ///
  /// - Parameters:
  ///   - reading: how images are made of DICOM and NIfTI files.
  ///   - watch: follows files that are read for it.
  func images(at source: String, _ reading: ImageReading, _ watch: ReadingWatch) throws -> LabelledImages

  /// Refuses images of which nothing could be learned.
  func requireLearnable(_ images: LabelledImages, source: String) throws

  /// Refuses a train part of which something could not be learned.
  func requireComplete(_ train: LabelledImages, source: String) throws

  /// What a user should know about measuring on a part.
  func remarks(onMeasuring images: LabelledImages, part: String) -> [DatasetNote]

  /// Reads what these images are compared with.
  func targets(of images: LabelledImages) -> any TargetReader

  /// The new head for these images.
  func head(for images: LabelledImages) -> any TaskHead

  /// Refuses a network with several heads of which each could be the one that is meant.
  ///
  /// - Parameter startsAnew: whether the head that it has is not to be kept.
  func requireOneHead(in layout: BackboneLayout, startsAnew: Bool) throws

  /// Whether a head that a network has, and no run of this program made, suits these images.
  func keepsHead(of layout: BackboneLayout, for images: LabelledImages) -> Bool

  /// What training minimises.
  var objective: any Objective { get }

  /// The value of an adapted model of which the loss is taken.
  func trainedOutput(of adapted: AdaptedModel) throws -> String

  /// Refuses a network whose trained output does not fit the images.
  ///
  /// - Parameter output: what the network delivers for one image.
  func requireFit(of output: ValueType?, to images: LabelledImages) throws(TrainingError)

  /// How images that are larger than the network's input are cut to be measured; nil where they are resized.
  var tiles: Tiles? { get }

  /// How images are prepared that are measured, where that is not how they are prepared to be learnt from.
  func measuring(_ preprocessing: Preprocessing) -> Preprocessing

  /// Figures of training steps on these images, none yet.
  func runningFigures(for images: LabelledImages) -> any RunningFigures

  /// Measures what the trained output says of images; nothing yet.
  func measurement(of images: LabelledImages) -> any Measurement

  /// How a model's file answers the task.
  ///
  /// - Throws: where it has no output that could be the answer.
  func answer(of model: ModelFile, context: ExecutionContext) throws -> any TaskAnswer

  /// What a written model says of the images that it learned from, as entries of its metadata.
  func metadata(of images: LabelledImages) -> [(key: String, value: String)]

  /// What the model tells apart, by the network's channels.
  func classNames(of images: LabelledImages) -> [String]

  /// These images in words, in the line that a run says about them.
  func description(of images: LabelledImages) -> String

  /// What a user should know about how these images are learnt from.
  func remarks(onTraining images: LabelledImages, _ configuration: TrainingConfiguration) -> [DatasetNote]
}

extension Task {
  package var defaults: TaskDefaults { TaskDefaults(epochs: 100, batch: 64, bottleneck: nil) }
  package var tiles: Tiles? { nil }
  package func measuring(_ preprocessing: Preprocessing) -> Preprocessing { preprocessing }
  package func requireOneHead(in layout: BackboneLayout, startsAnew: Bool) throws {}
  package func keepsHead(of layout: BackboneLayout, for images: LabelledImages) -> Bool { false }
  package func classNames(of images: LabelledImages) -> [String] { images.classes }
  package func remarks(onTraining images: LabelledImages, _ configuration: TrainingConfiguration)
    -> [DatasetNote]
  { [] }
}

/// What the recipe of a task says where the user says nothing: METHOD, sections 1 and 3.
package struct TaskDefaults: Sendable {
  /// Passes over the training images.
  package let epochs: Int
  /// Images per update.
  package let batch: Int
  /// Bottleneck of adapters; nil for the method's own.
  package let bottleneck: Int?

  /// Defaults.
  package init(epochs: Int, batch: Int, bottleneck: Int?) {
    (self.epochs, self.batch, self.bottleneck) = (epochs, batch, bottleneck)
  }
}

/// How a model's file answers a task: in which output, and what it means.
///
/// Owned by one thread.
package protocol TaskAnswer {
  /// The model with this output alone; what was found out about it is compiled once.
  var compiled: CompiledModel { get }

  /// Images to measure the model on, with what it calls them.
  ///
  /// - Returns: the images, and how they were matched where that is not as written.
  func images(at source: String, _ reading: ImageReading, for model: ModelFile, _ watch: ReadingWatch) throws
    -> (
      images: LabelledImages, remark: String?
    )

  /// Measures what the output says of images; nothing yet.
  func measurement(of images: LabelledImages) -> any Measurement

  /// What the output says of single images, [n, …].
  ///
  /// - Parameter folder: where answers that are files are written; nil where there is none.
  /// - Throws: where it has numbers that are not finite, or files cannot be written.
  func predictions(
    _ output: Tensor, of samples: [Sample], by model: ModelFile, into folder: PredictionFolder?
  ) throws -> [any PresentedPrediction]
}

/// Answers that can be drawn beside what is right.
package protocol PicturedAnswer: TaskAnswer {
  /// The images on which a model did worst, the worst first.
  func worst(_ count: Int, of images: LabelledImages, by metrics: any PresentedMetrics) -> [Sample]

  /// The image with what the model says, [1, …], and what is right over it.
  func picture(_ output: Tensor, of sample: Sample) throws -> Image
}

/// What a model answers to one image, as results show it.
package protocol PresentedPrediction: Sendable {
  /// All of it, under the names that scripts read.
  var json: JSONObject { get }
  /// What all answers of a model share, under the names that scripts read.
  var legend: JSONObject { get }
  /// What people read, as columns of a row.
  var figures: [(name: String, figure: MetricsPresentation.Figure)] { get }
  /// All of it as cells of a table.
  var cells: [(name: String, text: String)] { get }
}

extension PresentedPrediction {
  package var legend: JSONObject { [:] }
}

/// Compares what a model delivers with targets, batch by batch.
package protocol Measurement {
  /// What measuring comes to.
  associatedtype Metrics: PresentedMetrics

  /// Adds the output for some images, [n, …].
  ///
  /// - Throws: where the output has numbers that are not finite, or what it is compared with cannot be read.
  mutating func add(_ output: Tensor, of samples: [Sample]) throws

  /// What it came to.
  var metrics: Metrics { get }
}

/// The known tasks.
package enum TaskRegistry {
  /// Every task that this version knows; the first one is meant where nothing else is said.
  package static let standard: [any Task] = [ClassificationTask(), SegmentationTask()]

  /// Names of the tasks.
  package static var names: [String] { standard.map { type(of: $0).name } }

  /// The task of a name; the first one where none has it.
  package static func task(named name: String) -> any Task {
    standard.first { type(of: $0).name == name } ?? standard[0]
  }

  /// The task that a model's metadata name.
  package static func task(of model: ModelFile) -> any Task {
    let name = model.description.metadata.first { $0.key == "task" }?.value
    return standard.first { type(of: $0).metadataName == name } ?? standard[0]
  }
}
