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
}
