extension MemoryMapError: ReportableError {
  /// A missing input where the file is not there, else bad data.
  public var failureCode: FailureCode { isMissing || number == 13 ? .missingInput : .badData }
  /// The system's words for the reason.
  public var message: String { "can't read the file: \(reason)" }
  /// The file.
  public var file: String? { path }
}

extension StorageError: ReportableError {
  /// The work failed.
  public var failureCode: FailureCode { .workFailed }
  /// How much was asked for.
  public var message: String { "the system refused \(byteCount) bytes of memory" }
  /// What to do.
  public var hint: String? { "use a smaller --batch or --micro-batch" }
}
