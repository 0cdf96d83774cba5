package import TensorFiles
public import Training

extension ClassificationMetrics: PresentedMetrics {
  /// Few images give few different accuracies: of equal ones the lower loss is the better.
  public var score: [Double] { [accuracy, -loss] }

  /// The accuracy.
  public var headline: (name: String, value: Double) { (Self.headlineName, accuracy) }

  static let headlineName = "accuracy"

  /// The object that CLI.md calls `evaluate`.
  package var json: JSONObject {
    [
      "images": .integer(images), "classes": .array(classes.map { .string($0) }),
      "accuracy": .number(accuracy),
      "macro_f1": .number(macroF1), "macro_recall": .number(macroRecall),
      "auroc": auroc.map { .number($0) } ?? .null, "loss": .number(loss),
      "confusion": .array(confusion.map { .array($0.map { .integer($0) }) }),
      "per_class": .array(
        perClass.map { figures in
          [
            "class": .string(figures.name), "images": .integer(figures.images),
            "sensitivity": JSONValue(figures.sensitivity), "specificity": JSONValue(figures.specificity),
            "precision": JSONValue(figures.precision), "f1": JSONValue(figures.f1),
            "auroc": JSONValue(figures.auroc),
          ]
        }),
    ]
  }

  /// Classes of which a confusion matrix is still read.
  private static let largestTable = 12

  package var presentation: MetricsPresentation {
    let figures: [(String, MetricsPresentation.Figure)] = [
      ("images", .count(images)), ("accuracy", .share(accuracy)), ("macro F1", .share(macroF1)),
      ("macro recall", .share(macroRecall)), ("AUROC", aurocFigure),
    ]
    guard classes.count <= Self.largestTable else { return MetricsPresentation(figures) }
    return MetricsPresentation(
      figures,
      table: (
        ["truth \\ predicted"] + classes, zip(classes, confusion).map { [$0] + $1.map(String.init) }
      ))
  }

  private var aurocFigure: MetricsPresentation.Figure {
    guard let mean = auroc else { return .text("undefined: the images are of one class") }
    let missing = classesWithoutArea
    guard !missing.isEmpty else { return .number(mean, remark: "") }
    let names = missing.count > 6 ? "\(missing.count) classes" : missing.joined(separator: ", ")
    return .number(mean, remark: ", without \(names): no image of it")
  }
}
