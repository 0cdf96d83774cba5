package import Execution
package import Operators
package import Tensors

/// Why training can't start or go on.
package enum TrainingError: Error, Sendable {
  /// The model does not suit the task.
  case unsuitable(String)
  /// The graph can't be lowered.
  case lowering(LoweringError)
  /// A gradient is missing.
  case differentiation(DifferentiationError)
  /// A plan or a run failed.
  case execution(ExecutionError)
  /// The loss is no finite number any more.
  case notFinite(step: Int)
  /// A trained tensor holds something that is no finite number.
  case notFiniteParameter(name: String, step: Int)
  /// A checkpoint can't be used.
  case checkpoint(path: String, message: String, hint: String? = nil)
}

extension TrainingError: ReportableError {
  package var failureCode: FailureCode {
    switch self {
    case .unsuitable, .checkpoint: .badData
    case .lowering(let error): error.failureCode
    case .differentiation(let error): error.failureCode
    case .execution(let error): error.failureCode
    case .notFinite, .notFiniteParameter: .workFailed
    }
  }
  package var message: String {
    switch self {
    case .unsuitable(let message): message
    case .lowering(let error): error.message
    case .differentiation(let error): error.message
    case .execution(let error): error.message
    case .notFinite(let step): "the loss is not a finite number any more at step \(step + 1)"
    case .notFiniteParameter(let name, let step):
      "'\(name)' holds numbers that are not finite after step \(step)"
    case .checkpoint(_, let message, _): message
    }
  }
  package var file: String? { if case .checkpoint(let path, _, _) = self { path } else { nil } }
  package var node: String? { cause?.node }
  package var tensor: String? {
    if case .notFiniteParameter(let name, _) = self { name } else { cause?.tensor }
  }
  package var unsupported: [String] { cause?.unsupported ?? [] }
  package var hint: String? {
    if case .checkpoint(_, _, let hint) = self { return hint }
    switch self {
    case .notFinite, .notFiniteParameter:
      return "train into another folder with lower learning rates; this one keeps its last epoch"
    default: return cause?.hint
    }
  }

  private var cause: (any ReportableError)? {
    switch self {
    case .lowering(let error): error
    case .differentiation(let error): error
    case .execution(let error): error
    default: nil
    }
  }
}
