import DKA

/// Figures as text.
enum MetricsText {
  /// Accuracy and its companions, then the confusion matrix where it is small enough to read.
  static func text(_ metrics: ClassificationMetrics) -> String {
    var lines = [
      "images        \(Quantities.count(metrics.images))",
      "accuracy      \(Quantities.percent(metrics.accuracy))",
      "macro F1      \(Quantities.percent(metrics.macroF1))",
      "macro recall  \(Quantities.percent(metrics.macroRecall))",
    ]
    lines.append("AUROC         " + auroc(metrics))
    if metrics.classes.count <= 12 {
      var table = Table([("truth \\ predicted", .left)] + metrics.classes.map { ($0, .right) })
      for (name, row) in zip(metrics.classes, metrics.confusion) { table.add([name] + row.map(String.init)) }
      lines.append("")
      lines.append(table.text)
    }
    return lines.joined(separator: "\n")
  }

  private static func auroc(_ metrics: ClassificationMetrics) -> String {
    guard let mean = metrics.auroc else { return "undefined: the images are of one class" }
    let missing = metrics.classesWithoutArea
    guard !missing.isEmpty else { return Quantities.fixed(mean, 3) }
    let names = missing.count > 6 ? "\(missing.count) classes" : missing.joined(separator: ", ")
    return "\(Quantities.fixed(mean, 3)), without \(names): no image of it"
  }

  /// One line per epoch.
  static func line(_ record: EpochRecord) -> String {
    var parts = [
      "epoch \(record.epoch)", "loss \(Quantities.fixed(record.loss, 4))",
      "accuracy \(Quantities.percent(record.accuracy))",
    ]
    if let validation = record.validation {
      parts.append("validation \(Quantities.percent(validation.accuracy))")
    }
    parts.append("\(Quantities.fixed(record.imagesPerSecond, 1)) images/s")
    parts.append(Quantities.seconds(record.seconds))
    return parts.joined(separator: "  ")
  }
}
