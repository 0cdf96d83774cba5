import DKA

/// Shows what a run tells.
final class EventRenderer {
  private let console: Console
  private let progress: Progress
  private var isEpoch = false

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
    case .begin(let title, let total, let later):
      isEpoch = later > 0 || title.hasPrefix("epoch")
      progress.begin(title, total: total, later: later)
    case .advance(let done, let figures):
      progress.advance(to: done, figures.map { Progress.Reading($0.name, $0.value) })
    case .end:
      // The epoch's own line follows, with the figures of the validation images.
      if isEpoch { progress.abandon() } else { progress.end() }
    case .epoch(let record): console.note(MetricsText.line(record))
    }
  }
}
