import Execution
import Graphs
import Operators
import Rewriting
import Tensors

/// Makes the plans of one trainer: step, evaluation and prefix, per number of images.
final class TrainingCompiler {
  private let model: ModelDescription
  private let parameters: [String]
  private let registry: OperatorRegistry
  private let context: ExecutionContext
  private let splitsPrefix: Bool
  private var lowered: [Int: LoweredGraph] = [:]

  /// Constants prepared once for all plans.
  let cache = PreparedConstantsCache()

  init(
    model: ModelDescription, parameters: [String], registry: OperatorRegistry, context: ExecutionContext,
    splitsPrefix: Bool
  ) {
    self.model = model
    self.parameters = parameters
    self.registry = registry
    self.context = context
    self.splitsPrefix = splitsPrefix
  }

  /// Whether something lies in front of the first trainable node that can be computed once per image.
  var hasPrefix: Bool {
    get throws(TrainingError) { try split(batch: 1) != nil }
  }

  /// The plan from images to the values at the cut.
  func prefix(batch: Int) throws(TrainingError) -> Plan {
    guard let split = try split(batch: batch) else { throw .unsuitable("nothing lies in front of the cut") }
    return try plan(split.prefix)
  }

  /// The plan of one micro-batch of training.
  func step(batch: Int) throws(TrainingError) -> Plan {
    let front = try trainable(batch: batch)
    return try plan(try StepGraph.make(from: front, parameters: parameters, registry: registry))
  }

  /// The plan of the model's output with the present parameters.
  func evaluation(batch: Int) throws(TrainingError) -> Plan { try plan(try trainable(batch: batch)) }

  /// Images per micro-batch so that the largest inner value takes at most a few megabytes.
  func suitableMicroBatch() throws(TrainingError) -> Int {
    let graph = try graph(batch: 1)
    let largest = graph.nodes.flatMap(\.outputs).filter { !$0.isEmpty }.map { graph.type($0).byteCount }.max()
    return max(1, min(16, TrainingCompiler.cachedByteCount / max(largest ?? 1, 1)))
  }

  /// What the largest inner value of a micro-batch may take: part of a last-level cache.
  private static let cachedByteCount = 6 << 20

  /// The graph behind the cut, or the whole graph without a cut.
  private func trainable(batch: Int) throws(TrainingError) -> LoweredGraph {
    if let split = try split(batch: batch) { return split.suffix }
    return try graph(batch: batch)
  }

  /// The cut, where one is wanted and every value at it has the images on its first axis.
  private func split(batch: Int) throws(TrainingError) -> PrefixSplit? {
    guard splitsPrefix, let split = PrefixSplit(try graph(batch: batch)),
      let single = PrefixSplit(try graph(batch: 1)), let double = PrefixSplit(try graph(batch: 2))
    else { return nil }
    for value in split.frontier {
      guard let one = single.prefix.types[value]?.shape, let two = double.prefix.types[value]?.shape,
        one.rank > 0, one.extents[0] == 1, two.extents[0] == 2, one.extents.dropFirst() == two.extents.dropFirst()
      else { return nil }
    }
    return split
  }

  private func graph(batch: Int) throws(TrainingError) -> LoweredGraph {
    if let known = lowered[batch] { return known }
    var lowering = Lowering(registry: registry, context: context)
    lowering.variables = Set(parameters)
    do {
      let graph = try lowering.lower(model, batch: batch)
      let fused = try RuleSet.early.apply(to: graph, registry: registry).graph
      lowered[batch] = fused
      return fused
    } catch let error as OperatorError {
      throw .execution(.node(label: "fusion", operatorName: "", error))
    } catch { throw TrainingError(wrapping: error) }
  }

  private func plan(_ graph: LoweredGraph) throws(TrainingError) -> Plan {
    do {
      var fused = try RuleSet.late.apply(to: graph, registry: registry).graph
      fused.removeUnused()
      return try Plan(fused, context: context, cache: cache)
    } catch let error as OperatorError {
      throw .execution(.node(label: "fusion", operatorName: "", error))
    } catch { throw TrainingError(wrapping: error) }
  }
}
