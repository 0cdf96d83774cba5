package import Graphs
package import Operators
package import Tensors

/// One evaluation of a model on given tensors, whatever their shapes.
package struct ModelRun {
  /// The model.
  package let model: ModelDescription
  /// Operators in use.
  package let registry: OperatorRegistry
  /// Threads and kernels.
  package let context: ExecutionContext

  /// Evaluations of a model.
  package init(_ model: ModelDescription, registry: OperatorRegistry, context: ExecutionContext) {
    self.model = model
    self.registry = registry
    self.context = context
  }

  /// The model's outputs, in order.
  ///
  /// - Parameters:
  ///   - inputs: value per graph input that has no initializer.
  ///   - isInterrupted: asked before each node.
  /// - Throws: `LoweringError`, `ExecutionError`.
  package func outputs(
    for inputs: [String: Tensor], isInterrupted: () -> Bool = { false }
  ) throws -> [Tensor] {
    let plan = try plan(for: inputs)
    let results = try run(plan, inputs, isInterrupted)
    do {
      return try zip(plan.graph.outputs, results).map { name, result in
        try plan.graph.storedTypes[name].map { try result.stored(as: $0) } ?? result
      }
    } catch { throw ExecutionError.outOfMemory(byteCount: results.reduce(0) { $0 + $1.byteCount }) }
  }

  private func plan(for inputs: [String: Tensor]) throws -> Plan {
    let compiled = CompiledModel(model, registry: registry, context: context)
    return try compiled.plan(try compiled.fused(try lower(try lowering(for: inputs), inputs)))
  }

  /// Gradients of the sum of the first output by initializers, inputs or inner values.
  ///
  /// - Parameter isInterrupted: asked before each node.
  /// - Returns: one tensor per name, zeros where the output does not depend on it.
  /// - Throws: `LoweringError`, `DifferentiationError`, `ExecutionError`.
  package func gradients(
    for inputs: [String: Tensor], by names: [String], isInterrupted: () -> Bool = { false }
  ) throws -> [Tensor] {
    // What the plan was made of is gone when memory for the run is taken.
    try run(try gradientPlan(for: inputs, by: names), inputs, isInterrupted)
  }

  /// The plan of a run that gives gradients.
  private func gradientPlan(for inputs: [String: Tensor], by names: [String]) throws -> Plan {
    var lowering = try lowering(for: inputs)
    let initializers = Set(model.graph.initializers.map(\.name))
    lowering.variables = Set(names).intersection(initializers)
    lowering.barriers = Set(names)
    let lowered = try lower(lowering, inputs)
    if let name = names.first(where: { lowering.inputValues[$0]?.elementType.isFloatingPoint ?? false }) {
      throw ExecutionError.input(
        name: name, message: "decides shapes or which nodes are computed, so there is no gradient by it")
    }
    for name in names {
      guard let type = lowered.types[name] else {
        throw ExecutionError.input(name: name, message: "the model has no value of this name")
      }
      guard type.elementType.isFloatingPoint else {
        throw ExecutionError.input(
          name: name, message: "has element type \(type.elementType.name), gradients need float or double")
      }
    }
    let compiled = CompiledModel(
      model, variables: lowering.variables.sorted(), barriers: lowering.barriers, registry: registry,
      context: context)
    let graph = try compiled.fused(lowered)
    var builder = GradientBuilder(extending: graph, prefix: "gradient/")
    guard let output = graph.outputs.first, graph.type(output).elementType.isFloatingPoint else {
      throw ExecutionError.input(
        name: graph.outputs.first ?? "", message: "the first output is not floating point")
    }
    let type = graph.type(output)
    try require(graph, starts: [output] + names)
    let ones = builder.constant(try type.filled(with: 1), named: "seed")
    let gradients = try Differentiation.extend(
      &builder, seeds: [(value: output, gradient: ones)], by: names)
    var outputs: [String] = []
    for (name, gradient) in zip(names, gradients) {
      outputs.append(try gradient ?? builder.constant(graph.type(name).filled(with: 0), named: "zero"))
    }
    builder.setOutputs(outputs)
    return try compiled.plan(builder.graph)
  }

  /// Refuses start values of gradients that are larger than the memory there is, before they are made.
  private func require(_ graph: LoweredGraph, starts: [String]) throws(ExecutionError) {
    let byteCount = starts.reduce(0) { min($0 + graph.type($1).byteCount, .addressable) }
    do throws(OperatorError) {
      try context.memoryBudget.require(
        byteCount, for: "the gradient of '\(starts[0])' and what it is taken by")
    } catch { throw .memory(value: starts[0], error.message) }
  }

  /// The graph for the inputs; a batch that the file fixes is rewritten where the first input has another one.
  private func lower(_ lowering: Lowering, _ inputs: [String: Tensor]) throws(LoweringError) -> LoweredGraph {
    guard let input = model.graph.requiredInputs.first, let given = inputs[input.name]?.shape, given.rank > 1,
      case .tensor(_, let dimensions?)? = input.type?.kind,
      case .value(let fixed)? = dimensions.first?.extent,
      Int(fixed) != given[0]
    else { return try lowering.lower(model) }
    var unit = lowering
    unit.inputShapes[input.name] = nil
    return try unit.lower(model, batch: given[0])
  }

  private func lowering(for inputs: [String: Tensor]) throws -> Lowering {
    var lowering = Lowering(registry: registry, context: context)
    let deciding = lowering.shapeDecidingInputs(of: model)
    for input in model.graph.requiredInputs {
      guard let tensor = inputs[input.name] else {
        throw ExecutionError.input(name: input.name, message: "no value is given")
      }
      try check(tensor.shape, against: input)
      if deciding.contains(input.name) {
        lowering.inputValues[input.name] = try tensor.computable()
      } else {
        lowering.inputShapes[input.name] = tensor.shape
      }
    }
    return lowering
  }

  /// Refuses a shape that is not the declared one; the batch alone may be another (`lower`).
  private func check(_ shape: Shape, against input: ValueDescription) throws(ExecutionError) {
    guard case .tensor(_, let dimensions?)? = input.type?.kind else { return }
    let isBatched = shape.rank > 1 && input.name == model.graph.requiredInputs.first?.name
    let fits =
      dimensions.count == shape.rank
      && zip(dimensions, shape.extents).enumerated().allSatisfy { axis, pair in
        guard case .value(let declared) = pair.0.extent else { return true }
        return axis == 0 && isBatched || declared == Int64(pair.1)
      }
    guard !fits else { return }
    let declared = dimensions.map(\.description).joined(separator: ",")
    throw .input(name: input.name, message: "expects shape [\(declared)], given \(shape)")
  }

  private func run(
    _ plan: Plan, _ inputs: [String: Tensor], _ isInterrupted: () -> Bool
  ) throws -> [Tensor] {
    let fed = try plan.graph.inputs.compactMap { name in
      try inputs[name].map { tensor in
        tensor.elementType == plan.graph.storedTypes[name] ? try tensor.computable() : tensor
      }
    }
    return try Session(plan).run(fed, isInterrupted: isInterrupted)
  }
}

extension ValueType {
  /// A tensor of this type with one number everywhere.
  func filled(with number: Double) throws(ExecutionError) -> Tensor {
    do {
      let count = shape.elementCount
      if elementType == .float64 {
        return try Tensor([Double](repeating: number, count: count), shape: shape)
      }
      return try Tensor([Float](repeating: Float(number), count: count), shape: shape)
    } catch { throw .outOfMemory(byteCount: byteCount) }
  }
}
