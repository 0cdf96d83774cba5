import DKA

/// Shows what a run tells.
struct EventRenderer {
  private let console: Console
  private let progress: Progress

  /// A renderer on a console.
  init(_ console: Console) {
    self.console = console
    progress = Progress(console, unit: "images")
  }

  /// Shows one event.
  func show(_ event: RunEvent) {
    switch event {
    case .warning(let text): console.warn(text)
    case .note(let text): console.note(text)
    case .detail(let text): console.detail(text)
    case .begin(let title, let total): progress.begin(title, total: total)
    case .advance(let done, let figures):
      progress.advance(to: done, figures.map { Progress.Reading($0.name, $0.value) })
    case .end: progress.end()
    case .epoch(let record): console.note(MetricsText.line(record))
    }
  }
}
