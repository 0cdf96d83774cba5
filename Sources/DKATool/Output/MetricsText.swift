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
    parts.append("\(Quantities.fixed(record.imagesPerSecond, 1)) images/s")
    parts.append(Quantities.seconds(record.seconds))
    return parts.joined(separator: "  ")
  }
}
