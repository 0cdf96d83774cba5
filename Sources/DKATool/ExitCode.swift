package import Tensors

/// The number with which the process ends.
package enum ExitCode: Int32, Sendable {
  case done = 0
  case failed = 1
  case unsupported = 3
  case usage = 64
  case badData = 65
  case missingInput = 66
  case internalBug = 70
  case interrupted = 130

  package init(_ code: FailureCode) {
    self =
      switch code {
      case .workFailed: .failed
      case .unsupported: .unsupported
      case .usage: .usage
      case .badData: .badData
      case .missingInput: .missingInput
      case .internalBug: .internalBug
      case .interrupted: .interrupted
      }
  }
}
