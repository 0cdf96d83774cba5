public import Datasets
public import Training

/// Every choice of a training run besides model, data and method: METHOD, section 3, gives the defaults.
public struct TrainingConfiguration: Sendable {
  /// Epochs.
  public var epochs = 100
  /// Images per update.
  public var batch = 64
  /// Learning rate of adapters, and of the backbone in full fine-tuning.
  public var adapterLearningRate = 1e-3
  /// Learning rate of the task head.
  ///
  /// Nil is 1e-4 beside adapters and in full fine-tuning; linear probing then chooses on validation images.
  public var headLearningRate: Double?
  /// The update rule.
  public var optimizer = OptimizerSettings()
  /// Weight decay of every group.
  public var weightDecay = 0.0
  /// How learning rates change.
  public var schedule = LearningRateSchedule.constant
  /// Random changes of the training images.
  public var augmentation = Augmentation.standard
  /// Share of the train part that is used.
  public var fraction = 1.0
  /// Which subsample of that share, or which fold of a cross-validation tests.
  public var fold = 0
  /// Folds of a cross-validation; nil keeps the parts of the images, or draws a test part.
  public var crossValidationFolds: Int?
  /// Share of the used train part that chooses an epoch; nil follows METHOD's rule of 10 %.
  public var validationShare: Double?
  /// Images per micro-batch; nil chooses.
  public var microBatch: Int?
  /// Seed of everything random.
  public var seed = 7
  /// Bytes that values computed once per image may take.
  public var cacheByteLimit = 4 << 30

  /// The recipe of METHOD, section 3.
  public init() {}

  /// The head's learning rate in the paper.
  package static let paperHeadRate = 1e-4
}
