package import Execution
package import Graphs
package import Operators
import Rewriting
package import Tensors

/// What a trainer needs besides model and parameters.
package struct TrainerOptions: Sendable {
  /// The update rule and its constants.
  package var optimizer = OptimizerSettings()
  /// Images per micro-batch; nil chooses so that inner values stay in the processor's cache.
  package var microBatch: Int?
  /// Threads and kernels.
  package var context: ExecutionContext

  /// Options with the recipe of METHOD, section 3.
  package init(context: ExecutionContext) { self.context = context }
}

/// What one update did.
package struct StepResult: Sendable {
  /// Mean loss over the batch, before the update.
  package let loss: Double
  /// Images whose most probable class was the right one, before the update.
  package let correct: Int
  /// Gradient norm per group, before clipping; empty without clipping.
  package let norms: [Double]
}

/// Trains the given initializers of a classifier by minimising cross-entropy. Owned by one thread.
///
/// A batch is cut into micro-batches whose gradients are summed in the order of the images before one update, so
/// the cut changes memory and speed, and rounding at most.
package final class Trainer {
  private let model: ModelDescription
  private let groups: [ParameterGroup]
  private let options: TrainerOptions
  private let registry: OperatorRegistry
  private let rules: RuleSet
  private let cache = PreparedConstantsCache()
  private let update: Session
  private var steps: [Int: Session] = [:]
  private var evaluations: [Int: Session] = [:]
  private var arena: Storage?

  /// Parameters, moments and gradient sums.
  package let variables = VariableStore()
  /// Updates made so far.
  package private(set) var stepCount = 0
  /// Images per micro-batch.
  package let microBatch: Int

  /// A trainer of a model's initializers.
  package init(
    _ model: ModelDescription, groups: [ParameterGroup], options: TrainerOptions, registry: OperatorRegistry,
    rules: RuleSet
  ) throws {
    self.model = model
    self.groups = groups
    self.options = options
    self.registry = registry
    self.rules = rules
    var start: [String: Tensor] = [:]
    for initializer in model.graph.initializers { start[initializer.name] = initializer.tensor }
    let names = groups.flatMap(\.parameters)
    guard !names.isEmpty else { throw TrainingError.unsuitable("no parameter is trainable") }
    let graph = try UpdateGraph.make(
      groups: groups, parameters: start, settings: options.optimizer, registry: registry)
    update = try Session(try Plan(graph, context: options.context, cache: cache), variables: variables)
    microBatch = try options.microBatch ?? Trainer.suitableMicroBatch(for: model, registry, options)
  }
}
