public import Datasets

/// The images of one training run: those that train, those that choose an epoch, those that measure.
public struct TrainingParts: Sendable {
  /// Images that train.
  public let train: LabelledImages
  /// Images that choose the best epoch; none where the classes are too small to spare any.
  public let validation: LabelledImages
  /// Images that only measure.
  public let test: LabelledImages

  /// Deals out labelled images as METHOD, section 3, says.
  ///
  /// Without parts of their own, 20 % of each class test. The configuration's fraction and fold draw from the train part; its
  /// share of that is taken for validation unless the images have such a part.
  ///
  /// - Parameter source: the folder or file to name in errors.
  /// - Throws: where a class has no image to train, or too few to deal out.
  package init(of images: LabelledImages, _ configuration: TrainingConfiguration, source: String) throws {
    let images = try images.split(seed: configuration.seed)
    test = images.part(.test)
    var train = images.part(.train)
    try train.requireImagesInEveryClass(source: source)
    if configuration.fraction < 1 {
      train = try train.fraction(configuration.fraction, fold: configuration.fold, seed: configuration.seed)
    }
    let given = images.part(.validation)
    if given.samples.isEmpty, configuration.validationShare != 0 {
      train = try train.takingValidation(
        share: configuration.validationShare ?? 0.1, fold: configuration.fold, seed: configuration.seed)
    }
    validation = given.samples.isEmpty ? train.part(.validation) : given
    self.train = train.selecting { $0.split != .validation }
  }

  /// Refuses images that cannot be read, all at once.
  ///
  /// - Parameter isInterrupted: asked while images are read.
  package func verifyReadable(threads: Int, isInterrupted: () -> Bool = { false }) throws {
    let used = LabelledImages(
      classes: train.classes, samples: train.samples + validation.samples + test.samples)
    try RunInterrupted.translating {
      try used.verifyReadable(threads: threads, isInterrupted: isInterrupted)
    }
  }
}
