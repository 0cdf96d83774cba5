package import TensorFiles
package import Training

extension ClassificationMetrics {
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
}
