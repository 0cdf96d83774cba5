import DKA

/// Figures as text, whatever the task.
enum MetricsText {
  /// The figures one below the other, then the table.
  static func text(_ metrics: any PresentedMetrics) -> String {
    let presentation = metrics.presentation
    let width = (presentation.figures.map(\.name.count).max() ?? 0) + 2
    var lines = presentation.figures.map { entry in
      entry.name + String(repeating: " ", count: width - entry.name.count) + text(entry.figure)
    }
    if let (columns, rows) = presentation.table {
      var table = Table(columns.enumerated().map { ($1, $0 == 0 ? .left : .right) })
      for row in rows { table.add(row) }
      lines += ["", table.text]
    }
    return lines.joined(separator: "\n")
  }

  /// Mean ± standard deviation of every figure, then the counts of all folds where they add up.
  static func text(_ folded: FoldedTraining) -> String {
    let figures = folded.figures
    guard !figures.isEmpty else { return "no test images" }
    let count = folded.reports.count
    let width = (figures.map(\.name.count).max() ?? 0) + 2
    var lines = ["\(count) folds, mean ± standard deviation"]
    lines += figures.map { name, figure in
      let pair = [figure.mean, figure.deviation].map {
        figure.isShare ? Quantities.percent($0) : Quantities.fixed($0, 3)
      }
      return TextLayout.padded(name, to: width) + pair.joined(separator: " ± ")
        + (figure.folds < count ? ", of \(figure.folds) folds" : "")
    }
    if let (columns, rows) = folded.pooled?.table {
      var table = Table(columns.enumerated().map { ($1, $0 == 0 ? .left : .right) })
      for row in rows { table.add(row) }
      lines += ["", "all images, each tested once", table.text]
    }
    return lines.joined(separator: "\n")
  }

  /// A figure as text.
  static func text(_ figure: MetricsPresentation.Figure) -> String {
    switch figure {
    case .count(let count): Quantities.count(count)
    case .share(let share): Quantities.percent(share)
    case .number(let number, let remark): Quantities.fixed(number, 3) + remark
    case .text(let text): text
    }
  }

  /// One line per epoch.
  static func line(_ record: EpochRecord) -> String {
    var parts = ["epoch \(record.epoch)", "loss \(Quantities.fixed(record.loss, 4))"]
    parts += record.figures.map { "\($0.name) \(Quantities.percent($0.value))" }
    if let validation = record.validation {
      parts.append("validation \(Quantities.percent(validation.headline.value))")
    }
    parts.append("\(Quantities.rate(record.imagesPerSecond)) images/s")
    parts.append(Quantities.seconds(record.seconds))
    return parts.joined(separator: "  ")
  }
}
