package import TensorFiles
public import Training

extension ClassificationMetrics: PresentedMetrics {
  /// Few images give few different accuracies: of equal ones the lower loss is the better.
  public var score: [Double] { [accuracy, -loss] }

  /// The accuracy.
  public var headline: (name: String, value: Double) { ("accuracy", accuracy) }

  /// The object that CLI.md calls `evaluate`.
  package var json: JSONObject {
    [
      "images": .integer(images), "classes": JSONValue(classes),
      "accuracy": .number(accuracy),
      "macro_f1": .number(macroF1), "macro_recall": .number(macroRecall),
      "auroc": auroc.map { .number($0) } ?? .null, "loss": .number(loss),
      "absent_classes": JSONValue(absentClasses),
      "confusion": .array(confusion.map { JSONValue($0) }),
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
    var figures: [(String, MetricsPresentation.Figure)] = [
      ("images", .count(images)), ("accuracy", .share(accuracy)), ("macro F1", .share(macroF1)),
      ("macro recall", .share(macroRecall)), ("AUROC", aurocFigure),
    ]
    if !absentClasses.isEmpty {
      figures.append(
        ("left out", .text("of the means: \(Self.named(absentClasses)), neither in the truth nor predicted")))
    }
    return MetricsPresentation(figures, table: table(of: confusion))
  }

  private func table(of confusion: [[Int]]) -> (columns: [String], rows: [[String]])? {
    guard classes.count <= Self.largestTable else { return nil }
    return (
      ["truth \\ predicted"] + classes, zip(classes, confusion).map { [$0] + $1.map(String.init) }
    )
  }

  package func pooled(with others: [any PresentedMetrics]) -> PooledFigures? {
    let others = others.compactMap { $0 as? ClassificationMetrics }.filter { $0.classes == classes }
    let sum = others.reduce(confusion) { sum, other in
      zip(sum, other.confusion).map { zip($0, $1).map(+) }
    }
    let images = others.reduce(images) { $0 + $1.images }
    let right = classes.indices.reduce(0) { $0 + sum[$1][$1] }
    return PooledFigures(
      json: [
        "images": .integer(images), "classes": JSONValue(classes),
        "accuracy": .number(images == 0 ? 0 : Double(right) / Double(images)),
        "confusion": .array(sum.map { JSONValue($0) }),
      ], table: table(of: sum))
  }

  private var aurocFigure: MetricsPresentation.Figure {
    guard let mean = auroc else { return .text("undefined: the images are of one class") }
    let missing = classesWithoutArea
    guard !missing.isEmpty else { return .number(mean, remark: "") }
    return .number(mean, remark: ", without \(Self.named(missing)): no image of it")
  }

  private static func named(_ classes: [String]) -> String {
    classes.count > 6 ? "\(classes.count) classes" : classes.joined(separator: ", ")
  }
}
