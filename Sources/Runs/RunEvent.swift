public import Training

/// What a run tells while it works; the command line renders it.
public enum RunEvent: Sendable {
  /// Something a user should know.
  case warning(String)
  /// A line of information.
  case note(String)
  /// A line of detail for `--verbose`.
  case detail(String)
  /// Work on a number of images begins; `later` images follow in further parts of the same work.
  case begin(title: String, total: Int, later: Int = 0)
  /// So many of them are done, with figures to show.
  case advance(done: Int, figures: [(name: String, value: Double)])
  /// The work that began last has ended; an epoch reports itself.
  case end
  /// An epoch is over.
  case epoch(EpochRecord)
}

/// One line of `metrics.jsonl`.
public struct EpochRecord: Sendable {
  /// The epoch, counted from 1.
  public let epoch: Int
  /// Mean loss over the epoch's images.
  public let loss: Double
  /// The task's figures on the epoch's images before their update, shares by name.
  public let figures: [(name: String, value: Double)]
  /// Figures on the validation images as results show them.
  package let presentedValidation: (any PresentedMetrics)?
  /// Seconds the epoch took, validation included.
  public let seconds: Double
  /// Training images per second.
  public let imagesPerSecond: Double

  /// Figures on the validation images, or nil where there are none.
  public var validation: (any TaskMetrics)? { presentedValidation }
}
