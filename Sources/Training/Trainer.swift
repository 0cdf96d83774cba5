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
  /// Whether what lies in front of the first trainable node is split off, so that it can be computed once per image.
  package var splitsPrefix = false
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
  private let compiler: TrainingCompiler
  private let options: TrainerOptions
  private let groups: [ParameterGroup]
  private let update: Session
  private let updateGraph: LoweredGraph
  private var steps: [Int: Session] = [:]
  private var evaluations: [Int: Session] = [:]
  private var prefixes: [Int: Session] = [:]
  private var arena: Storage?

  /// Parameters, moments and gradient sums.
  package let variables = VariableStore()
  /// Updates made so far.
  package internal(set) var stepCount = 0
  /// Images per micro-batch.
  package let microBatch: Int

  /// A trainer of a model's initializers.
  package init(
    _ model: ModelDescription, groups: [ParameterGroup], options: TrainerOptions, registry: OperatorRegistry
  ) throws(TrainingError) {
    self.options = options
    self.groups = groups.filter { !$0.parameters.isEmpty }
    var start: [String: Tensor] = [:]
    for initializer in model.graph.initializers { start[initializer.name] = initializer.tensor }
    let names = self.groups.flatMap(\.parameters)
    guard !names.isEmpty else { throw .unsuitable("no parameter is trainable") }
    updateGraph = try UpdateGraph.make(
      groups: self.groups, parameters: start, settings: options.optimizer, registry: registry)
    compiler = TrainingCompiler(
      model: model, parameters: names, registry: registry, context: options.context,
      splitsPrefix: options.splitsPrefix)
    do {
      let plan = try Plan(updateGraph, context: options.context, cache: compiler.cache)
      update = try Session(plan, variables: variables)
    } catch { throw .execution(error) }
    if let microBatch = options.microBatch {
      self.microBatch = max(1, microBatch)
    } else {
      self.microBatch = try compiler.suitableMicroBatch()
    }
  }

  /// Names of the trained parameters, group by group.
  package var parameterNames: [String] { groups.flatMap(\.parameters) }

  /// One update on a batch.
  ///
  /// - Parameters:
  ///   - images: what `features(of:)` made of the images: per value at the cut, [n, …].
  ///   - labels: class index per image.
  ///   - rateFactor: factor of the schedule on every group's learning rate.
  package func step(_ features: [Tensor], labels: [Int], rateFactor: Double = 1) throws(TrainingError)
    -> StepResult
  {
    let count = labels.count
    precondition(count > 0, "a batch has at least one image")
    for name in parameterNames { variables.clear(StepGraph.gradientSum(of: name)) }
    var loss = 0.0
    var correct = 0
    do {
      for range in MicroBatches.ranges(of: count, size: microBatch) {
        let session = try step(for: range.count)
        let inputs = features.map { $0.rows(range) }
        for (index, input) in inputs.enumerated() { try session.setInput(index, to: input) }
        try session.setInput(inputs.count, to: try Tensor(labels[range].map(Int64.init)))
        try session.setInput(inputs.count + 1, to: try Tensor(scalar: Float(1 / Double(count))))
        try session.run()
        loss += Double(session.value(0, of: Float.self)[0])
        correct += countCorrect(session.value(1, of: Float.self), Array(labels[range]))
      }
      guard loss.isFinite else { throw TrainingError.notFinite(step: stepCount) }
      try update.setInput(0, to: try Tensor(scalar: Int64(stepCount)))
      for (index, group) in groups.enumerated() {
        try update.setInput(1 + index, to: try Tensor(scalar: Float(group.learningRate * rateFactor)))
      }
      try update.run()
    } catch { throw TrainingError(wrapping: error) }
    stepCount += 1
    let norms = updateGraph.outputs.indices.map { Double(update.value($0, of: Float.self)[0]) }
    return StepResult(loss: loss / Double(count), correct: correct, norms: norms)
  }

  /// What lies in front of the first trainable node, for images [n, 3, H, W]: the images themselves without a split.
  package func features(of images: Tensor) throws(TrainingError) -> [Tensor] {
    guard try compiler.hasPrefix else { return [images] }
    var parts: [[Tensor]] = []
    do {
      for range in MicroBatches.ranges(of: images.shape[0], size: microBatch) {
        let session: Session
        if let known = prefixes[range.count] {
          session = known
        } else {
          session = try makeSession(try compiler.prefix(batch: range.count))
          prefixes[range.count] = session
        }
        parts.append(try session.run([images.rows(range)]))
      }
      guard let first = parts.first else { return [] }
      return try first.indices.map { index in try Tensor(joiningRows: parts.map { $0[index] }) }
    } catch { throw TrainingError(wrapping: error) }
  }

  /// Logits [n, classes] with the present parameters, in the form that will be exported.
  package func logits(_ features: [Tensor]) throws(TrainingError) -> [Float] {
    guard let count = features.first?.shape[0] else { return [] }
    var logits: [Float] = []
    do {
      for range in MicroBatches.ranges(of: count, size: microBatch) {
        let session: Session
        if let known = evaluations[range.count] {
          session = known
        } else {
          session = try makeSession(try compiler.evaluation(batch: range.count))
          evaluations[range.count] = session
        }
        for (index, input) in features.enumerated() { try session.setInput(index, to: input.rows(range)) }
        try session.run()
        logits += session.value(0, of: Float.self)
      }
    } catch { throw TrainingError(wrapping: error) }
    return logits
  }

  /// The trained parameters, copied.
  package func parameters() throws(TrainingError) -> [(name: String, value: Tensor)] {
    var result: [(name: String, value: Tensor)] = []
    do {
      for name in parameterNames {
        if let value = try variables.copy(of: name) { result.append((name, value)) }
      }
    } catch { throw .execution(error) }
    return result
  }

  private func step(for count: Int) throws -> Session {
    if let known = steps[count] { return known }
    let session = try makeSession(try compiler.step(batch: count))
    steps[count] = session
    return session
  }

  /// Sessions of one trainer never run at the same time and share the memory of inner values.
  private func makeSession(_ plan: Plan) throws -> Session {
    if arena.map({ $0.byteCount < plan.arenaByteCount }) ?? true {
      arena = try Storage(byteCount: plan.arenaByteCount)
    }
    return try Session(plan, variables: variables, arena: arena)
  }

  private func countCorrect(_ logits: [Float], _ labels: [Int]) -> Int {
    let classes = logits.count / max(labels.count, 1)
    return labels.indices.count { index in
      let row = logits[index * classes..<(index + 1) * classes].map(Double.init)
      return ClassificationMetrics.largest(row) == labels[index]
    }
  }
}

extension TrainingError {
  /// An error of a lower layer as one of this.
  init(wrapping error: any Error) {
    switch error {
    case let error as TrainingError: self = error
    case let error as ExecutionError: self = .execution(error)
    case let error as LoweringError: self = .lowering(error)
    case let error as StorageError: self = .execution(.outOfMemory(byteCount: error.byteCount))
    default: self = .unsuitable("\(error)")
    }
  }
}
