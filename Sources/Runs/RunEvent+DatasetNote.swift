public import Datasets

extension RunEvent {
  /// A remark on a data set, as loud as it matters.
  public init(_ note: DatasetNote) {
    switch note.severity {
    case .warning: self = .warning(note.message)
    case .note: self = .note(note.message)
    case .detail: self = .detail(note.message)
    }
  }
}
