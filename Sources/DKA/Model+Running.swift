public import Datasets
import Kernels
public import Runs
public import Tensors
public import Training

extension Model {
  /// The outputs, in their order, for one tensor per input that has no initializer.
  ///
  /// - Throws: an error that names a missing input, a wrong shape, or every operator that is not supported.
  public func outputs(for inputs: [String: Tensor]) throws -> [Tensor] { try file.run(context, inputs) }

  /// How images are prepared: by the model's metadata, files beside it, or as ImageNet's usually are.
  ///
  /// - Parameter side: side of the image input in pixels where the model leaves it open.
  public func preprocessing(side: Int? = nil) throws -> PreprocessingChoice {
    try file.bound(imageSide: side).preprocessing(PreprocessingOverrides(), imageSide: side)
  }

  /// Figures of a classifier on all of the given images, whose classes are matched with the model's by name.
  ///
  /// - Parameter preprocessing: how images are prepared, or nil for what `preprocessing(side:)` says.
  /// - Throws: where the model is no classifier of such images, or does not have their classes, or images cannot be read,
  ///   all named at once.
  public func evaluated(on images: LabelledImages, preparedBy preprocessing: Preprocessing? = nil) throws
    -> ClassificationMetrics
  {
    try images.verifyReadable(threads: threads)
    let scores = try ClassScores(of: file, context: context)
    let matching = try file.matching(of: images, count: scores.classCount, source: file.path)
    let matched = matching.applied(to: images)
    return try file.imageModel(
      scores, try preprocessing ?? self.preprocessing().preprocessing
    ).metrics(of: matched, ClassificationMeasurement(scores.meaning, classes: matched.classes))
  }

  /// The classes of image files, in their order.
  ///
  /// - Throws: where the model is no classifier, or images cannot be read, all named at once.
  public func predictions(for images: [String]) throws -> [Prediction] {
    let samples = images.enumerated().map { Sample(path: $1, label: 0, index: $0) }
    try LabelledImages(classes: [""], samples: samples).verifyReadable(threads: threads)
    let scores = try ClassScores(of: file, context: context)
    let names = ClassNames.all(of: file, count: scores.classCount)
    var predictions: [Prediction] = []
    try file.imageModel(scores, try preprocessing().preprocessing).run(samples) {
      predictions += try scores.predictions($1, of: $0.samples, names: names)
    }
    return predictions
  }

  /// Figures of masks that this model predicts, on all of the given images, at the size of each file.
  ///
  /// - Parameters:
  ///   - preprocessing: how images are prepared, or nil for what `preprocessing(side:)` says.
  ///   - tiles: how images larger than the network's input are cut; nil resizes them.
  /// - Throws: where the model gives no scores of pixels, or images cannot be read, all named at once.
  public func segmented(
    on images: LabelledImages, preparedBy preprocessing: Preprocessing? = nil, in tiles: Tiles? = nil
  ) throws -> SegmentationMetrics {
    try images.verifyReadable(threads: threads)
    let scores = try PixelScores(of: file, context: context)
    return try file.imageModel(scores, try preprocessing ?? self.preprocessing().preprocessing)
      .metrics(of: images, scores.comparison(with: images), in: tiles)
  }

  /// The masks of image files, in their order, each of the file's size.
  ///
  /// - Parameter tiles: how images larger than the network's input are cut; nil resizes them.
  /// - Throws: where the model gives no scores of pixels, or images cannot be read, all named at once.
  public func masks(for images: [String], in tiles: Tiles? = nil) throws -> [Mask] {
    let samples = images.enumerated().map { Sample(path: $1, label: 0, index: $0) }
    try LabelledImages(classes: [""], samples: samples).verifyReadable(threads: threads)
    let scores = try PixelScores(of: file, context: context)
    let model = try file.imageModel(scores, try preprocessing().preprocessing)
    var masks: [Mask] = []
    try model.run(samples, in: tiles) { masks += try scores.masks($1, of: [$0]) }
    return masks
  }

  /// How far this model's score output is from another's, image by image; of networks without one the first output.
  ///
  /// - Parameter images: images prepared as this model says; four random ones without.
  /// - Throws: where one of the models does not run, or their outputs differ in size.
  public func difference(from other: Model, on images: LabelledImages? = nil) throws -> OutputDifference {
    try file.difference(
      from: other.file, on: images?.samples, preparing: { try preprocessing().preprocessing },
      context: context)
  }
}
