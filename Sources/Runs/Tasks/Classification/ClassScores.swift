package import Backbones
package import Datasets
package import Execution
import Graphs
package import Operators
package import Tensors
package import Training

/// What numbers of a classifier say of the classes.
package struct ScoreMeaning: Sendable {
  /// Number of classes; two where there is one score per image.
  package let classCount: Int
  /// What the scores are.
  package let kind: ScoreOutput.Kind
  private let columns: Int

  /// Scores of a kind in so many columns.
  init(_ kind: ScoreOutput.Kind, columns: Int) {
    (self.kind, self.columns) = (kind, columns)
    classCount = max(columns, 2)
  }

  /// Class probabilities, row by row, as the model means its scores: what is a probability already stays as it is.
  func probabilities(ofScores scores: [Float]) throws(NonFiniteScores) -> [[Double]] {
    try NonFiniteScores.check(scores, columns: columns)
    guard columns > 1 else {
      // One number per image tells two classes apart and stands for the second one.
      guard kind == .logits else { return scores.map { [1 - Double($0), Double($0)] } }
      return try ClassificationMetrics.probabilities(ofLogits: scores.flatMap { [0, $0] }, classCount: 2)
    }
    switch kind {
    case .logits, .logProbabilities:
      // Softmax of log probabilities gives the probabilities, but for what rounding left of their sum.
      return try ClassificationMetrics.probabilities(ofLogits: scores, classCount: columns)
    case .probabilities, .independentProbabilities:
      return stride(from: 0, to: scores.count, by: columns).map { start in
        scores[start..<start + columns].map(Double.init)
      }
    }
  }
}

/// A classifier's scores: which output holds them, and what they say of the classes.
package struct ClassScores: TaskAnswer {
  package let compiled: CompiledModel
  /// What the scores say.
  package let meaning: ScoreMeaning

  /// Number of classes; two where the model gives one score per image.
  package var classCount: Int { meaning.classCount }

  /// The scores of a model: [n, classes], or [n].
  ///
  /// - Throws: where no output, or more than one, could hold scores.
  package init(of model: ModelFile, context: ExecutionContext) throws {
    (compiled, meaning) = try model.located {
      guard let scores = try ScoreOutput.find(in: model.description, context: context) else {
        throw TrainingError.withoutScores(model.description.graph.outputs.map(\.name))
      }
      let compiled = CompiledModel(
        model.description.delivering([scores.name]), registry: ModelFile.registry, context: context)
      let graph = try compiled.graph(batch: 1)
      guard let output = graph.outputs.first else {
        throw TrainingError.unsuitable("the model has no output")
      }
      let type = graph.type(output)
      guard (1...2).contains(type.shape.rank), type.shape[0] == 1, type.elementType == .float32 else {
        throw TrainingError.unsuitable(
          "output '\(output)' is \(type), a classifier gives float[images, classes]")
      }
      let columns = type.shape.rank == 2 ? type.shape[1] : 1
      guard columns > 0 else { throw TrainingError.unsuitable("output '\(output)' has no classes") }
      return (compiled, ScoreMeaning(scores.kind, columns: columns))
    }
  }

  /// Images under the model's classes, which are matched by name.
  package func images(
    at source: String, _ reading: ImageReading, for model: ModelFile, _ watch: ReadingWatch
  ) throws -> (images: LabelledImages, remark: String?) {
    let labelled = try ModelFile.images(at: source, reading, classCount: classCount)
    let matching = try model.matching(of: labelled, count: classCount, source: source)
    return (matching.applied(to: labelled), matching.remark)
  }

  package func measurement(of images: LabelledImages) -> any Measurement {
    ClassificationMeasurement(meaning, classes: images.classes)
  }
}

/// Probabilities and classes of the images measured so far.
package struct ClassificationMeasurement: Measurement {
  private let meaning: ScoreMeaning
  private let classes: [String]
  private var probabilities: [[Double]] = []
  private var labels: [Int] = []

  /// Nothing measured yet.
  package init(_ meaning: ScoreMeaning, classes: [String]) {
    (self.meaning, self.classes) = (meaning, classes)
  }

  package mutating func add(_ output: Tensor, of samples: [Sample]) throws(NonFiniteScores) {
    probabilities += try meaning.probabilities(ofScores: output.elements(of: Float.self))
    labels += samples.map(\.label)
  }

  package var metrics: ClassificationMetrics {
    ClassificationMetrics(probabilities: probabilities, labels: labels, classes: classes)
  }
}

extension TrainingError {
  /// A model none of whose outputs holds scores.
  static func withoutScores(_ outputs: [String]) -> TrainingError {
    let names = outputs.map { "'\($0)'" }.joined(separator: ", ")
    return .unsuitable("none of the outputs \(names) gives scores of classes, [images, classes]")
  }
}

extension ScoreOutput {
  /// The score output of a model, found with all known operators.
  static func find(in model: ModelDescription, context: ExecutionContext) throws(BackboneError)
    -> ScoreOutput?
  {
    try find(in: model, lowering: Lowering(registry: ModelFile.registry, context: context))
  }
}

extension ModelFile {
  /// The output with the scores of the classes, nil where there is none.
  ///
  /// - Throws: where several outputs could be it, by their names.
  package func scoreOutput(_ context: ExecutionContext) throws -> ScoreOutput? {
    try located { try ScoreOutput.find(in: description, context: context) }
  }

  /// Which of this model's classes those of labelled images are.
  package func matching(of images: LabelledImages, count: Int, source: String) throws -> ClassMatching {
    if images.isNumbered { try images.requireLabels(below: count, source: source) }
    return try ClassMatching(
      of: images, to: ClassNames.read(of: self)?.names, count: count, source: source)
  }
}
