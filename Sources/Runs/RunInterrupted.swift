import Datasets
public import Tensors

/// The user asked to stop; what was worth keeping has been saved.
public struct RunInterrupted: ReportableError {
  /// Interrupted.
  public var failureCode: FailureCode { .interrupted }
  /// What happened.
  public var message: String { "interrupted" }

  /// What a body gives; that a lower layer was interrupted in it becomes this error.
  static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as any ReportableError where error.failureCode == .interrupted {
      throw RunInterrupted()
    }
  }

  /// What a body that reads files gives; says how far it has come, and stops it where the user asks.
  ///
  /// - Parameters:
  ///   - title: what is read, as progress names it; nothing is said where it is nil or nothing is read.
  ///   - body: gets the watch for what it reads.
  static func watching<Result>(
    _ title: String?, _ emit: @escaping (RunEvent) -> Void, _ isInterrupted: @escaping () -> Bool,
    _ body: (_ watch: ReadingWatch) throws -> Result
  ) throws -> Result {
    var hasBegun = false
    defer { if hasBegun { emit(.end) } }
    return try translating {
      try body { done, total in
        if let title {
          if !hasBegun { emit(.begin(title: title, total: total)) }
          hasBegun = true
          emit(.advance(done: done, figures: []))
        }
        return isInterrupted()
      }
    }
  }
}
