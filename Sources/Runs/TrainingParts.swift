public import Datasets

/// The images of one training run: those that train, those that choose an epoch, those that measure.
public struct TrainingParts: Sendable {
  /// Images that train.
  public let train: LabelledImages
  /// Images that choose the best epoch; none where the classes are too small to spare any.
  public let validation: LabelledImages
  /// Images that only measure.
  public let test: LabelledImages
  /// All images in the order of their source, those that a fraction left out without a part.
  public let all: LabelledImages
  /// Share of the train part that was taken to choose the epoch; nil where the images have such a part of their own.
  package let validationShare: Double?
  /// What a user should know about how the images were dealt out.
  public let notes: [DatasetNote]

  /// Deals out the images of a task as METHOD, section 3, says.
  ///
  /// In a cross-validation a fold tests. Else, without parts of their own, 20 % of each class test, the same for every seed. The configuration's fraction and fold draw from the train part; its
  /// share of that is taken for validation unless the images have such a part.
  ///
  /// - Parameter source: the folder or file to name in errors.
  /// - Throws: where there is one class, where a class has no image to train, or too few to deal out.
  package init(
    of given: LabelledImages, _ task: any Task, _ configuration: TrainingConfiguration, source: String
  ) throws {
    try task.requireLearnable(given, source: source)
    var notes: [DatasetNote] = []
    let images: LabelledImages
    if let folds = configuration.crossValidationFolds {
      images = try given.crossValidation(fold: configuration.fold, of: folds, seed: configuration.seed)
      notes += given.remarksOnCrossValidation(folds: folds)
    } else {
      images = try given.split()
      if !given.hasSplit {
        notes.append(
          DatasetNote(
            .note, "the data have no train and test folders: 20 % of each class are kept for the test"))
      }
    }
    test = images.part(.test)
    var train = images.part(.train)
    try task.requireComplete(train, source: source)
    if configuration.fraction < 1 {
      train = try train.fraction(configuration.fraction, fold: configuration.fold, seed: configuration.seed)
      try task.requireComplete(train, source: source)
    }
    let ownValidation = images.part(.validation)
    var share: Double? = ownValidation.samples.isEmpty ? 0 : nil
    if ownValidation.samples.isEmpty, configuration.validationShare != 0 {
      let wanted = configuration.validationShare ?? 0.1
      train = try train.takingValidation(
        share: wanted, fold: configuration.fold, seed: configuration.seed)
      if train.part(.validation).samples.isEmpty {
        notes.append(.init(ofMissingValidationIn: train, isWanted: configuration.validationShare != nil))
      } else {
        share = wanted
      }
    }
    validationShare = share
    validation = ownValidation.samples.isEmpty ? train.part(.validation) : ownValidation
    self.train = train.selecting { $0.split != .validation }
    notes += task.remarks(onMeasuring: validation, part: "validation")
    notes += task.remarks(onMeasuring: test, part: "test")
    self.notes = notes
    all = images.withParts(of: [self.train, validation, test])
  }

  /// Refuses images that cannot be read, all at once, and says what stands out in the others.
  ///
  /// - Parameters:
  ///   - emit: is told how far it has come.
  ///   - isInterrupted: asked while images are read.
  /// - Returns: remarks, and SHA-256 of the content by `Sample.index`.
  package func examined(
    threads: Int, emit: @escaping (RunEvent) -> Void = { _ in },
    isInterrupted: @escaping () -> Bool = { false }
  ) throws -> (notes: [DatasetNote], hashes: [Int: String]) {
    let used = train.holding(train.samples + validation.samples + test.samples)
    return try RunInterrupted.watching("reading images", emit, isInterrupted) { watch in
      try used.examined(threads: threads, isHashing: true, watch)
    }
  }
}

extension DatasetNote {
  /// Why no image chooses the epoch.
  ///
  /// - Parameter isWanted: whether the user asked for a share.
  fileprivate init(ofMissingValidationIn train: LabelledImages, isWanted: Bool) {
    let smallest = train.namedCounts.min { $0.count < $1.count }
    let reason = smallest.map {
      ": '\($0.name)' has \($0.count), and \(LabelledImages.leastTraining) stay for training"
    }
    self.init(
      isWanted ? .warning : .note,
      "no validation images, because a class cannot spare any\(reason ?? ""); the last epoch is kept")
  }
}
