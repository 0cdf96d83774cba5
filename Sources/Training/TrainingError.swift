package import Execution
package import Operators

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
  /// A checkpoint can't be used.
  case checkpoint(path: String, message: String)
}
