import Execution
import Operators
import Tensors

/// Makes the plans of one trainer from a compiled model: step, evaluation and prefix, per number of images.
final class TrainingCompiler {
  private let model: CompiledModel
  private let splitsPrefix: Bool
  private let dropout: DropoutSettings?
  private let objective: any Objective
  private var splits: [Int: PrefixSplit?] = [:]

  init(
    _ model: CompiledModel, objective: any Objective, splitsPrefix: Bool, dropout: DropoutSettings?
  ) {
    self.model = model
    self.objective = objective
    self.dropout = dropout
    self.splitsPrefix = splitsPrefix
  }

  /// Whether something lies in front of the first trainable node that can be computed once per image.
  var hasPrefix: Bool {
    get throws { try split(batch: 1) != nil }
  }

  /// The plan from images to the values at the cut.
  func prefix(batch: Int) throws -> Plan {
    guard let split = try split(batch: batch) else {
      throw TrainingError.unsuitable("nothing lies in front of the first trainable node")
    }
    return try model.plan(split.prefix)
  }

  /// The plan of one micro-batch of training.
  func step(batch: Int) throws -> Plan {
    var front = try trainable(batch: batch)
    if let dropout { front = try dropout.inserted(into: front, images: batch) }
    return try model.plan(
      try StepGraph.make(
        from: front, parameters: model.variables, objective: objective))
  }

  /// The same, refused where it does not fit beside what else is held while it runs: the other plans of this number of
  /// images, and some bytes.
  func step(batch: Int, beside byteCount: Int) throws -> Plan {
    let step = try step(batch: batch)
    var plans = [step, try evaluation(batch: batch)]
    if try hasPrefix { plans.append(try prefix(batch: batch)) }
    let needed = plans.reduce(byteCount + model.heldByteCount) { $0 + $1.sessionByteCount }
    guard model.context.memoryBudget.allows(needed) else {
      throw ExecutionError.outOfMemory(byteCount: needed)
    }
    return step
  }

  /// The plan of the model's output with the present parameters.
  func evaluation(batch: Int) throws -> Plan { try model.plan(try trainable(batch: batch)) }

  /// Bytes of the constants that the plans made so far have rearranged.
  var heldByteCount: Int { model.heldByteCount }

  /// Bytes per image of the values at the cut; without a cut those of the images themselves.
  var featureByteCount: Int {
    get throws {
      let split = try split(batch: 1)
      let graph = try split?.prefix ?? model.graph(batch: 1)
      return (split?.frontier ?? graph.inputs).reduce(0) { $0 + graph.type($1).byteCount }
    }
  }

  /// What the model delivers for one image; nil without an output.
  var outputType: ValueType? {
    get throws {
      let graph = try trainable(batch: 1)
      return graph.outputs.first.map { graph.type($0) }
    }
  }

  /// The graph behind the cut, or the whole graph without a cut.
  private func trainable(batch: Int) throws -> LoweredGraph {
    if let split = try split(batch: batch) { return split.suffix }
    return try model.graph(batch: batch)
  }

  /// The cut, where one is wanted and every value at it has the images on its first axis.
  private func split(batch: Int) throws -> PrefixSplit? {
    if let known = splits[batch] { return known }
    let split = try makeSplit(batch: batch)
    splits[batch] = .some(split)
    return split
  }

  private func makeSplit(batch: Int) throws -> PrefixSplit? {
    guard splitsPrefix, let split = PrefixSplit(try model.graph(batch: batch)),
      let single = PrefixSplit(try model.graph(batch: 1)), let double = PrefixSplit(try model.graph(batch: 2))
    else { return nil }
    for value in split.frontier {
      guard let one = single.prefix.types[value]?.shape.extents,
        let two = double.prefix.types[value]?.shape.extents, one.first == 1, two.first == 2,
        one.dropFirst() == two.dropFirst()
      else { return nil }
    }
    return split
  }
}
