public import Datasets
import Operators
public import Runs
public import Training

/// Trains an adapted model's trainable tensors on labelled images, epoch by epoch.
///
/// The same recipe as `dka train`, which also writes checkpoints and a report. Owned by one thread. The same seed gives
/// the same bits for every number of threads.
public final class FineTuning {
  /// The images that train, choose the best epoch, and measure.
  public let parts: TrainingParts
  /// How images are prepared, and where that comes from.
  public let preprocessing: PreprocessingChoice
  /// The head's learning rate where the recipe left it open and linear probing chose it.
  public let headLearningRate: Double?
  private let adapted: Model
  private let task: any Task
  private let learnt: LearntImages
  private let trainer: Trainer
  private let loop: TrainingLoop

  /// Prepares training; reads every image once to see that it can be.
  ///
  /// Images with masks (`LabelledImages.masked(at:)`) train a model with a `Head.dense`, or a Segmenter with its own.
  ///
  /// - Parameters:
  ///   - model: what `Model.adapted(by:in:head:seed:)` gave.
  ///   - images: labelled images; those without parts of their own are dealt out.
  ///   - configuration: the recipe. `epochs` sets the length of the learning-rate schedule.
  ///   - loss: what training for masks minimises.
  ///   - classWeights: weight of each class of pixels in it; nil where all weigh the same.
  ///   - preprocessing: how images are prepared, or nil for what the model says.
  ///   - report: is told what happens while it does.
  ///   - isInterrupted: is asked between micro-batches; an epoch ends with `RunInterrupted` when it says so.
  /// - Throws: where the model has no trainable tensors, another number of classes than the images, or operators without a gradient;
  ///   where classes are empty or images unreadable.
  public init(
    of model: Model, on images: LabelledImages, _ configuration: TrainingConfiguration = .init(),
    loss: SegmentationLoss.Kind = .crossEntropy, classWeights: [Double]? = nil,
    preparedBy preprocessing: Preprocessing? = nil, report: @escaping (RunEvent) -> Void = { _ in },
    isInterrupted: @escaping () -> Bool = { false }
  ) throws {
    guard let adaptation = model.adaptation else {
      throw TrainingError.unsuitable("the model was not adapted, no tensor of it trains")
    }
    let context = model.context
    let choice =
      try preprocessing.map { PreprocessingChoice(preprocessing: $0, source: "the caller", isAssumed: false) }
      ?? model.preprocessing()
    var segmentation = SegmentationTask.Options()
    segmentation.threads = model.threads
    (segmentation.loss, segmentation.classWeights) = (loss, classWeights)
    let task: any Task = images.masks == nil ? ClassificationTask() : SegmentationTask(segmentation)
    self.task = task
    parts = try TrainingParts(of: images, task, configuration, source: "the images")
    let examined = try parts.examined(threads: model.threads, isInterrupted: isInterrupted)
    learnt = LearntImages(parts, hashes: examined.hashes)
    for note in images.notes + parts.notes + examined.notes {
      report(RunEvent(note))
    }
    let trainer = try model.file.located { try adaptation.trainer(configuration, task, context: context) }
    try task.requireFit(of: try trainer.outputType(), to: images)
    let material = TrainingLoop.Material(
      task: task, trainer: trainer, parts: parts, preprocessing: choice.preprocessing,
      configuration: configuration,
      threads: model.threads)
    loop = try TrainingLoop(material, emit: report, isInterrupted: isInterrupted)
    headLearningRate = try loop.chooseHeadRate(for: adaptation, context: context)
    self.trainer = trainer
    self.preprocessing = choice
    adapted = model
  }

  /// Epochs finished.
  public var epochsDone: Int { loop.epochsDone }

  /// One pass over the training images, then the validation images.
  ///
  /// - Throws: where the loss is not finite, an image cannot be read any more, or on interruption: the epoch is not done then.
  public func runEpoch() throws -> EpochRecord { try loop.runEpoch() }

  /// The model with the parameters of the best epoch on the validation images, or of the last where there are none.
  ///
  /// Class names, preparation of images, recipe, and the digests of the images that it learnt from are in its metadata.
  public func model() throws -> Model {
    guard let adaptation = adapted.adaptation else { return adapted }
    let parameters = try loop.best?.parameters ?? trainer.parameters()
    let trained = try adaptation.replacing(parameters.map { (name: $0.name, tensor: $0.value) })
    var description = trained.model
    ModelMetadata.describe(
      &description, task, parts.train, from: learnt, task.measuring(preprocessing.preprocessing),
      recipe: adaptation.recipe)
    return Model(description, from: adapted, trained)
  }
}
