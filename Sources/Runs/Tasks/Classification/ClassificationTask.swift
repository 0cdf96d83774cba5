package import Adapters
package import Backbones
package import Datasets
import Graphs
package import Operators
import Tensors
package import Training

/// One class per image.
package struct ClassificationTask: Task {
  package static let name = "classification"
  package static let metadataName = "classify"
  /// Labels come with the names of files; nothing is read for them that progress would tell of.
  package let readingTitle: String? = nil

  /// The task.
  package init() {}

  package func images(at source: String, _ reading: ImageReading, _ watch: ReadingWatch) throws
    -> LabelledImages
  {
    try ModelFile.images(at: source, reading)
  }

  package func requireLearnable(_ images: LabelledImages, source: String) throws {
    try images.requireSeveralClasses(source: source)
  }

  package func requireComplete(_ train: LabelledImages, source: String) throws {
    try train.requireImagesInEveryClass(source: source)
  }

  package func remarks(onMeasuring images: LabelledImages, part: String) -> [DatasetNote] {
    images.remarksOnMeasuring(part)
  }

  package func targets(of images: LabelledImages) -> any TargetReader { ClassTargets() }

  package func head(for images: LabelledImages) -> any TaskHead {
    ClassificationHead(classes: images.classes.count)
  }

  package func requireOneHead(in layout: BackboneLayout, startsAnew: Bool) throws {
    guard layout.rivals.isEmpty else { throw BackboneError.ambiguousScores([layout.output] + layout.rivals) }
  }

  package var objective: any Objective { CrossEntropyObjective() }

  package func trainedOutput(of adapted: AdaptedModel) throws -> String {
    guard let scores = try adapted.scoreOutput() else {
      throw TrainingError.withoutScores(adapted.model.graph.outputs.map(\.name))
    }
    return scores.logits
  }

  package func requireFit(of output: ValueType?, to images: LabelledImages) throws(TrainingError) {
    let classes = output?.shape.extents.last ?? 0
    guard classes == images.classes.count else {
      throw .unsuitable(
        "the model tells \(classes) classes apart, the images have \(images.classes.count)")
    }
  }

  package func runningFigures(for images: LabelledImages) -> any RunningFigures { RunningAccuracy() }

  package func measurement(of images: LabelledImages) -> any Measurement {
    ClassificationMeasurement(
      ScoreMeaning(.logits, columns: images.classes.count), classes: images.classes)
  }

  package func answer(of model: ModelFile, context: ExecutionContext) throws -> any TaskAnswer {
    try ClassScores(of: model, context: context)
  }

  package func metadata(of images: LabelledImages) -> [(key: String, value: String)] {
    [("names", ClassNames.pythonDictionary(of: images.classes))]
  }

  package func description(of images: LabelledImages) -> String {
    "classes: " + images.classes.joined(separator: ", ")
  }
}
