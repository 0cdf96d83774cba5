package import Execution
package import Graphs
package import Operators
package import Tensors

/// What a trainer needs besides model and parameters.
package struct TrainerOptions: Sendable {
  /// The update rule and its constants.
  package var optimizer = OptimizerSettings()
  /// Images per micro-batch; nil chooses so that inner values stay in the processor's cache.
  package var microBatch: Int?
  /// Whether what lies in front of the first trainable node is split off, so that it can be computed once per image.
  package var splitsPrefix = false
  /// Dropout in training steps, or nil for none.
  package var dropout: DropoutSettings?
  /// Threads and kernels.
  package var context: ExecutionContext

  /// Options with the recipe of METHOD, section 3.
  package init(context: ExecutionContext) { self.context = context }
}

/// What one update did.
package struct StepResult: Sendable {
  /// Mean loss over the batch, before the update.
  package let loss: Double
  /// Gradient norm per group, before clipping; empty without clipping.
  package let norms: [Double]
}

/// Trains the given initializers of a model by minimising an objective.
///
/// Owned by one thread.
///
/// A batch is cut into micro-batches whose gradients are summed in the order of the images before one update, so
/// the cut changes memory and speed, and rounding at most.
package final class Trainer {
  let compiler: TrainingCompiler
  private var groups: [ParameterGroup]
  private let hasDropout: Bool
  /// Threads, kernels and memory.
  package let context: ExecutionContext
  let update: Session
  let steps: MicroBatchRunner
  let evaluations: MicroBatchRunner
  let prefixes: MicroBatchRunner

  /// Parameters, moments and gradient sums.
  package let variables: VariableStore
  /// Updates made so far.
  package internal(set) var stepCount = 0

  /// A trainer of a model's initializers.
  ///
  /// - Parameter objective: the loss, taken of the model's first output.
  package init(
    _ model: ModelDescription, groups: [ParameterGroup], objective: any Objective, options: TrainerOptions,
    registry: OperatorRegistry
  ) throws(TrainingError) {
    let groups = groups.filter { !$0.parameters.isEmpty }
    let names = groups.flatMap(\.parameters)
    guard !names.isEmpty else { throw .unsuitable("no parameter is trainable") }
    let compiled = CompiledModel(
      model, variables: names, barriers: Set(options.dropout?.points.map(\.value) ?? []), registry: registry,
      context: options.context)
    let compiler = TrainingCompiler(
      compiled, objective: objective, splitsPrefix: options.splitsPrefix, dropout: options.dropout)
    let variables = VariableStore()
    do {
      var start: [String: Tensor] = [:]
      let trained = Set(names)
      for initializer in model.graph.initializers where trained.contains(initializer.name) {
        start[initializer.name] = try initializer.tensor?.computable()
      }
      let graph = try UpdateGraph.make(
        groups: groups, parameters: start, settings: options.optimizer)
      let update = try Session(try compiled.plan(graph), variables: variables)
      let size =
        try options.microBatch
        ?? compiled.suitableMicroBatch { size in
          try compiler.step(batch: size, beside: update.plan.sessionByteCount + variables.byteCount)
        }
      self.update = update
      steps = MicroBatchRunner(size: size, variables: variables) { try compiler.step(batch: $0) }
      evaluations = MicroBatchRunner(size: size, variables: variables) { try compiler.evaluation(batch: $0) }
      prefixes = MicroBatchRunner(size: size) { try compiler.prefix(batch: $0) }
    } catch { throw TrainingError(wrapping: error) }
    hasDropout = options.dropout != nil
    context = options.context
    self.groups = groups
    self.compiler = compiler
    self.variables = variables
  }

  /// Names of the trained parameters, group by group.
  package var parameterNames: [String] { groups.flatMap(\.parameters) }

  /// Whether nothing but the head's group trains.
  package var isHeadAlone: Bool { groups.map(\.name) == ["head"] }

  /// Images per micro-batch.
  package var microBatch: Int { steps.size }

  /// What the model delivers for one image; nil without an output.
  package func outputType() throws(TrainingError) -> ValueType? {
    do { return try compiler.outputType } catch { throw TrainingError(wrapping: error) }
  }

  /// The learning rate of each group, before the schedule.
  package var learningRates: [(group: String, rate: Double)] { groups.map { ($0.name, $0.learningRate) } }

  /// Changes a group's learning rate from the next update on; a group that trains nothing has none.
  package func setLearningRate(_ rate: Double, of name: String) {
    for index in groups.indices where groups[index].name == name { groups[index].learningRate = rate }
  }

  /// One update on a batch.
  ///
  /// - Parameters:
  ///   - features: what `features(of:)` made of the images: per value at the cut, [n, …].
  ///   - targets: what the objective compares with, [n, …].
  ///   - keys: a number per image that decides its dropout.
  ///   - rateFactor: factor of the schedule on every group's learning rate.
  ///   - figures: is given each micro-batch's output before the update, and its targets.
  ///   - isInterrupted: asked before each micro-batch; a step that it ends changes no parameter and does not count.
  package func step(
    _ features: [Tensor], targets: Tensor, keys: [Int], rateFactor: Double = 1,
    figures: (Tensor, Tensor) -> Void = { _, _ in },
    isInterrupted: () -> Bool = { false }
  ) throws(TrainingError) -> StepResult {
    let images = targets.shape.rank == 0 ? 0 : targets.shape[0]
    precondition(images > 0, "a batch has at least one image")
    precondition(keys.count == images, "\(keys.count) keys for \(images) images")
    for name in parameterNames { variables.clear(StepGraph.gradientSum(of: name)) }
    var loss = 0.0
    do {
      for range in steps.ranges(of: images) {
        guard !isInterrupted() else { throw TrainingError.execution(.interrupted) }
        let session = try runMicroBatch(range, of: features, targets: targets, keys: keys)
        loss += Double(session.value(0, of: Float.self)[0])
        figures(session.outputView(1).tensor, targets.rows(range))
      }
      guard loss.isFinite else { throw TrainingError.notFinite(step: stepCount) }
      try update.setInput(0, to: try Tensor(scalar: Int64(stepCount + 1)))
      for (index, group) in groups.enumerated() {
        try update.setInput(1 + index, to: try Tensor(scalar: Float(group.learningRate * rateFactor)))
      }
      try update.run()
    } catch { throw TrainingError(wrapping: error) }
    stepCount += 1
    let norms = update.plan.graph.outputs.indices.map { Double(update.value($0, of: Float.self)[0]) }
    return StepResult(loss: loss / Double(images), norms: norms)
  }

  /// Forward and backward of some rows of a batch, whose gradients are added to the sums.
  private func runMicroBatch(_ range: Range<Int>, of features: [Tensor], targets: Tensor, keys: [Int]) throws
    -> Session
  {
    let session = try steps.session(for: range.count)
    for (index, input) in features.enumerated() { try session.setInput(index, to: input.rows(range)) }
    var next = features.count
    if hasDropout {
      try session.setInput(next, to: try Tensor(keys[range].map(Int64.init)))
      next += 1
    }
    try session.setInput(next, to: targets.rows(range))
    try session.setInput(next + 1, to: try Tensor(scalar: Float(1 / Double(targets.shape[0]))))
    try session.run()
    return session
  }

  /// Seconds that an image of a step takes: of the second of two micro-batches, since the first one touches its memory.
  ///
  /// No parameter changes, and a step forgets the gradients that this leaves.
  ///
  /// - Parameters:
  ///   - features: what `features(of:)` made of at least one image; a micro-batch of them is used.
  ///   - targets: what the objective compares with.
  package func secondsPerImage(_ features: [Tensor], targets: Tensor) throws(TrainingError) -> Double {
    let range = 0..<min(steps.size, targets.shape[0])
    let keys = [Int](repeating: 0, count: range.count)
    do {
      _ = try runMicroBatch(range, of: features, targets: targets, keys: keys)
      let start = ContinuousClock.now
      _ = try runMicroBatch(range, of: features, targets: targets, keys: keys)
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      return (Double(seconds) + Double(attoseconds) * 1e-18) / Double(range.count)
    } catch { throw TrainingError(wrapping: error) }
  }

  /// What lies in front of the first trainable node, for images [n, channels, H, W]: the images themselves without a split.
  package func features(of images: Tensor, isInterrupted: () -> Bool = { false }) throws(TrainingError)
    -> [Tensor]
  {
    do {
      return try compiler.hasPrefix ? prefixes.run([images], isInterrupted: isInterrupted) : [images]
    } catch {
      throw TrainingError(wrapping: error)
    }
  }

  /// Whether `features(of:)` computes something that is worth keeping.
  package func hasPrefix() throws(TrainingError) -> Bool {
    do { return try compiler.hasPrefix } catch { throw TrainingError(wrapping: error) }
  }

  /// What the model delivers first, [n, …], with the present parameters.
  package func output(_ features: [Tensor], isInterrupted: () -> Bool = { false }) throws(TrainingError)
    -> Tensor
  {
    do {
      guard let output = try evaluations.run(features, isInterrupted: isInterrupted).first else {
        throw TrainingError.unsuitable("the model has no output")
      }
      return output
    } catch {
      throw TrainingError(wrapping: error)
    }
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

  /// The sessions that one update on a number of images runs, in order; for profiles.
  package func sessions(images: Int) throws(TrainingError) -> [Session] {
    do { return try steps.ranges(of: images).map { try steps.session(for: $0.count) } + [update] } catch {
      throw TrainingError(wrapping: error)
    }
  }

  /// Refuses parameters of which an update made something that is no finite number.
  package func requireFiniteParameters() throws(TrainingError) {
    for (name, value) in try parameters() where !value.isFinite {
      throw .notFiniteParameter(name: name, step: stepCount)
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
    case let error as DifferentiationError: self = .differentiation(error)
    case let error as StorageError: self = .execution(.outOfMemory(byteCount: error.byteCount))
    default: self = .unsuitable("\(error)")
    }
  }
}
