package import Graphs
package import Tensors

/// Brings a graph to execution: binds shapes, reads operators, infers types, folds constants.
///
/// Works on a copy.
package struct Lowering: Sendable {
  /// Operators to use.
  package var registry: OperatorRegistry
  /// Kernels for folding.
  package var context: ExecutionContext
  /// Shape per graph input.
  ///
  /// Inputs that are not listed keep their declared shape, which must be fixed then: see `ModelDescription.binding`.
  package var inputShapes: [String: Shape] = [:]
  /// Inputs whose value is known and may decide shapes.
  package var inputValues: [String: Tensor] = [:]
  /// Initializers that may change between runs and are therefore not folded.
  package var variables: Set<String> = []
  /// Values that must stay values of the graph: requested outputs and values to differentiate by.
  package var barriers: Set<String> = []
  /// Largest folded constant in bytes.
  package var foldLimit = 1 << 28
  /// Bytes of all larger folded constants; twice the initializers where that is more.
  ///
  /// What is not folded stays a node, whose memory others may use after it.
  package var foldTotalLimit = 1 << 31
  /// Folded constants up to this size don't count: they decide shapes.
  private static let smallConstant = 1 << 16

  /// Weights of 16 bits, as widened for other lowerings.
  package var widenedWeights = WidenedWeights()

  /// Lowering with the given operators.
  package init(registry: OperatorRegistry, context: ExecutionContext) {
    self.registry = registry
    self.context = context
  }

  /// Lowers the main graph of a model at a batch of its own choice for the first input.
  ///
  /// Where the file leaves the batch open it is bound as the file says. A batch that the exporter baked into the graph
  /// is rewritten on the way; see `BatchBinding`.
  package func lower(_ model: ModelDescription, batch: Int) throws(LoweringError) -> LoweredGraph {
    if let graph = try? lowerOpen(model, batch: batch) { return graph }
    let unit = model.bindingBatch(1)
    let reference = try lower(unit)
    guard let input = reference.inputs.first(where: { reference.constants[$0] == nil }),
      let shape = reference.types[input]?.shape, shape.rank > 0, shape.extents[0] != batch
    else { return reference }
    guard batch > 0, shape.extents[0] > 0, batch % shape.extents[0] == 0 else {
      throw .graph(
        "input '\(input)' has a fixed batch of \(shape.extents[0]), which does not divide \(batch)",
        value: input)
    }
    var scaled = self
    guard let batched = Shape(checking: [batch] + shape.extents.dropFirst()) else {
      throw .graph("input '\(input)' is too large at a batch of \(batch)", value: input)
    }
    scaled.inputShapes[input] = batched
    let result = try scaled.lower(unit, binding: BatchBinding(reference: reference))
    try Self.requireEveryImage(of: input, in: result, like: reference)
    return result
  }

  /// Refuses a graph of which an output has the same extents for other numbers of images: a constant fixes them, and what it is was not
  /// understood.
  private static func requireEveryImage(
    of input: String, in graph: LoweredGraph, like reference: LoweredGraph
  ) throws(LoweringError) {
    var reached: Set<String> = [input]
    for node in graph.nodes where node.inputs.contains(where: reached.contains) {
      reached.formUnion(node.outputs)
    }
    let stuck = graph.outputs.first { output in
      guard reached.contains(output), let shape = graph.types[output]?.shape else { return false }
      return shape.rank > 0 && shape == reference.types[output]?.shape
    }
    guard let stuck, let images = graph.types[input]?.shape, let shape = graph.types[stuck]?.shape else {
      return
    }
    throw .graph(
      "output '\(stuck)' is \(shape) for \(images[0]) images as for \(reference.types[input]?.shape[0] ?? 1): a constant of the file "
        + "fixes it, give as many images as the file was exported for", value: stuck)
  }

  /// Lowers a model whose first input leaves its batch open, as the file says and without rewriting anything.
  ///
  /// - Returns: nil where the file does not leave the batch open.
  /// - Throws: where it does, but holds numbers for another batch.
  package func lowerOpen(_ model: ModelDescription, batch: Int) throws(LoweringError) -> LoweredGraph? {
    guard batch > 0, let input = model.graph.requiredInputs.first(where: { inputValues[$0.name] == nil }),
      inputShapes[input.name] == nil, model.openAxes(of: input.name).first == 0
    else { return nil }
    return try lower(model.bindingBatch(batch))
  }

  /// Lowers the main graph of a model.
  package func lower(_ model: ModelDescription) throws(LoweringError) -> LoweredGraph {
    try lower(model, binding: nil)
  }

  private func lower(_ model: ModelDescription, binding: BatchBinding?) throws(LoweringError) -> LoweredGraph
  {
    let source = try FunctionInlining(model)
    var state = State(lowering: self, binding: binding, source)
    try state.addInputs(of: model.graph)
    try state.addInitializers(of: model.graph)
    let (read, refused) = try readOperators(of: source.model)
    guard refused.isEmpty else { throw .unsupported(refused) }
    let order = try Lowering.order(of: source.model.graph.nodes, known: Set(state.graph.types.keys))
    for position in order { try state.add(read[position], at: position) }
    state.graph.expansion = state.record.expansion
    state.graph.batchEdits = state.binding?.edits ?? []
    for output in model.graph.outputs {
      guard state.graph.types[output.name] != nil else {
        throw .graph("output '\(output.name)' is made by no node", value: output.name)
      }
      state.graph.outputs.append(output.name)
    }
    try state.graph.compareDeclarations(of: model.graph, extents: binding == nil && inputShapes.isEmpty)
    return state.graph
  }

  /// The operators of a model's main graph that are missing or refused; none where the model is invalid in another way.
  package func unsupportedOperators(of model: ModelDescription) -> [LoweringError.Unsupported] {
    do throws(LoweringError) {
      let source = try model.inliningFunctions()
      let (read, refused) = try readOperators(of: source)
      let standsForOthers = read.contains { if case .expandable = $0 { true } else { false } }
      guard refused.isEmpty, standsForOthers else { return refused }
      // What such a node stands for shows when types, and for some values, are known.
      _ = try lower(model.bindingBatch(1))
      return []
    } catch {
      if case .unsupported(let refused) = error { return refused }
      return []
    }
  }

  /// Version of a domain that a model's nodes follow; 0 where it does not import the domain, and 1 of the default one.
  func version(of domain: String, in model: ModelDescription) -> Int {
    model.version(of: domain).map { Int($0) } ?? (domain.isEmpty ? 1 : 0)
  }

  /// Reads every node's operator, and collects all that are missing or refused.
  private func readOperators(of model: ModelDescription) throws(LoweringError) -> (
    nodes: [ReadNode], refused: [LoweringError.Unsupported]
  ) {
    var read: [ReadNode] = []
    // By operator and reason, in the order of their first nodes.
    var refused: [(first: LoweringError.Unsupported, nodes: [String])] = []
    var places: [[String]: Int] = [:]
    for node in model.graph.nodes {
      let name = node.operatorName
      do throws(OperatorError) {
        read.append(try self.read(node, of: model))
      } catch {
        guard error.code == .unsupported else {
          throw .node(label: node.label, operatorName: name.description, error)
        }
        let key = [name.description, error.message]
        if let known = places[key] {
          refused[known].nodes.append(node.label)
        } else {
          places[key] = refused.count
          refused.append(
            (
              .init(
                name: name.description, domain: name.domain,
                version: model.version(of: name.domain).map { Int($0) }, nodes: [], reason: error.message),
              [node.label]
            ))
        }
      }
    }
    let entries = refused.map { entry in
      LoweringError.Unsupported(
        name: entry.first.name, domain: entry.first.domain, version: entry.first.version, nodes: entry.nodes,
        reason: entry.first.reason)
    }
    return (read, entries)
  }

  /// Reads what a node of a model stands for, at the operator set that the model imports or a newer one.
  func read(_ node: Node, of model: ModelDescription, atLeast least: Int = 0) throws(OperatorError)
    -> ReadNode
  {
    let name = node.operatorName
    guard !OperatorRegistry.isInternal(name.domain) else {
      throw .unsupported("operator \(name) exists in plans only, not in files")
    }
    return try registry.read(node, version: max(version(of: name.domain, in: model), least))
  }
}

extension Lowering {
  /// The graph while it is being built.
  struct State {
    let lowering: Lowering
    var binding: BatchBinding?
    var graph = LoweredGraph()
    var record: ExpansionRecord
    /// Position of the node that makes each value which is not known.
    private(set) var makers: [String: Int] = [:]
    private let budget: MemoryBudget
    private var foldedByteCount = 0
    private var initializerByteCount = 0
    private var widenedByteCount = 0

    init(lowering: Lowering, binding: BatchBinding?, _ source: FunctionInlining) {
      self.lowering = lowering
      self.binding = binding
      record = ExpansionRecord(source)
      budget = lowering.context.memoryBudget
    }

    mutating func addInputs(of source: Graph) throws(LoweringError) {
      for input in source.requiredInputs {
        if let value = lowering.inputValues[input.name] {
          graph.types[input.name] = ValueType(value.elementType, value.shape)
          graph.constants[input.name] = value
        } else {
          graph.types[input.name] = try lowering.boundType(of: input)
        }
        graph.noteStoredType(input.elementType, of: input.name)
        graph.inputs.append(input.name)
      }
    }

    mutating func addInitializers(of source: Graph) throws(LoweringError) {
      if let sparse = source.sparseInitializers.first {
        throw .unsupported([
          .init(
            name: "SparseTensor", domain: "", version: nil, nodes: [sparse.values.name],
            reason: "sparse initializers are carried but not computed with")
        ])
      }
      for initializer in source.initializers {
        guard graph.types[initializer.name] == nil else {
          throw .graph(
            "initializer '\(initializer.name)' has the name of another value", value: initializer.name)
        }
        // Types that no kernel knows stay in the file; a node that reads one is refused when it is typed.
        guard let tensor = initializer.tensor else { continue }
        guard tensor.shape.rank <= ValueType.largestRank else {
          throw .graph(
            "initializer '\(initializer.name)' has \(tensor.shape.rank) axes, "
              + "at most \(ValueType.largestRank) are implemented", value: initializer.name)
        }
        let computable = try computable(tensor, of: initializer.name)
        graph.types[initializer.name] = ValueType(computable.elementType, tensor.shape)
        graph.noteStoredType(tensor.elementType, of: initializer.name)
        initializerByteCount += computable.byteCount
        if lowering.variables.contains(initializer.name) {
          graph.variables[initializer.name] = computable
        } else {
          graph.constants[initializer.name] = computable
        }
      }
    }

    /// An initializer as it is computed with: widened where it has floats of 16 bits, and aligned where it is small.
    private mutating func computable(_ tensor: Tensor, of name: String) throws(LoweringError) -> Tensor {
      let type = tensor.elementType
      guard let target = type.computed, target != type || tensor.byteCount < 1024 else { return tensor }
      if target != type {
        widenedByteCount += ValueType(target, tensor.shape).byteCount
        do { try budget.require(widenedByteCount, for: "its weights in \(target.name)") } catch {
          throw .node(label: name, operatorName: type.name, error)
        }
      }
      do {
        return target == type
          ? try tensor.aligned()
          : try lowering.widenedWeights.wide(tensor, named: name, lowering.context.options)
      } catch { throw .graph("no memory for initializer '\(name)'", value: name) }
    }

    /// Adds a node of the file, rewritten for another batch where one is being bound.
    mutating func add(_ operation: ReadOperation, _ node: Node) throws(LoweringError) {
      let lowered: LoweredNode
      do {
        let completed = try operation.completed(in: graph) { name in record.value(name, in: node) }
        for constant in completed.constants { graph.add(constant.value, named: constant.name) }
        lowered = completed.node
      } catch { throw failure(error, at: node) }
      let additions: [BatchBinding.Addition]?
      do { additions = try binding?.rewritten(lowered, in: graph) } catch {
        throw .node(label: lowered.label, operatorName: lowered.operatorName.description, error)
      }
      for addition in additions ?? [.node(lowered)] {
        switch addition {
        case .constant(let name, let tensor): graph.add(tensor, named: name)
        case .node(let node): try addTyped(node)
        }
      }
      graph.noteStoredTypes(of: lowered, in: node)
    }

    private func hasRoomToFold(_ byteCount: Int) -> Bool {
      let limit = max(lowering.foldTotalLimit, 2 * initializerByteCount)
      return byteCount <= Lowering.smallConstant
        || foldedByteCount + byteCount <= limit && budget.allows(foldedByteCount + byteCount)
    }

    /// Types a node and keeps it, or computes it now where all it needs is known.
    private mutating func addTyped(_ node: LoweredNode) throws(LoweringError) {
      do {
        let inputs = graph.inputTypes(of: node)
        let types = try node.operation.inferTypes(inputs)
        if let wide = types.first(where: { $0.shape.rank > ValueType.largestRank }) {
          throw OperatorError.invalid(
            "its result has \(wide.shape.rank) axes, at most \(ValueType.largestRank) are implemented")
        }
        for (output, type) in zip(node.outputs, types) where !output.isEmpty { graph.types[output] = type }
        guard node.outputs.count <= types.count || node.outputs[types.count...].allSatisfy(\.isEmpty) else {
          throw OperatorError.unsupported(
            "only \(types.count) of \(node.outputs.count) outputs are implemented")
        }
        let isKnown = zip(node.inputs, inputs.constants).allSatisfy { $0.isEmpty || $1 != nil }
        let isBarrier = node.outputs.contains { lowering.barriers.contains($0) }
        let bytes = types.reduce(0) { min($0 + $1.byteCount, .addressable) }
        if !isBarrier, let operation = node.operation as? any DecidedByTypes {
          let integers = operation.valuesDecidedByTypes(inputs)
          graph.constants[node.outputs[0]] = try Tensor(integers.map(Int64.init), shape: types[0].shape)
        } else if isKnown, !isBarrier, bytes <= lowering.foldLimit, hasRoomToFold(bytes) {
          // Everything that is folded is kept until the graph is complete.
          foldedByteCount += bytes
          try budget.require(foldedByteCount, for: "constants computed up to here")
          let kernel = try node.bind(inputs, results: types, lowering.context.options)
          let own = kernel.scratchByteCount + (kernel.preparation?.byteCount ?? 0)
          try budget.require(min(foldedByteCount + own, .addressable), for: "its scratch memory")
          let results = try kernel.evaluate(inputs.constants, results: types)
          for (output, result) in zip(node.outputs, results) where !output.isEmpty {
            graph.constants[output] = result
          }
        } else {
          for output in node.outputs where !output.isEmpty { makers[output] = graph.nodes.count }
          graph.nodes.append(node)
        }
      } catch let error as OperatorError {
        let version = lowering.version(of: node.operatorName.domain, in: record.source.model)
        throw LoweringError(error, at: node.label, node.operatorName, version: version)
      } catch { throw .graph("\(error)", value: node.outputs.first) }
    }
  }

  /// The type of an input with every dimension bound.
  private func boundType(of input: ValueDescription) throws(LoweringError) -> ValueType {
    try input.requireTensor()
    guard case .tensor(let number, let dimensions)? = input.type?.kind else {
      throw .graph("input '\(input.name)' declares no type", value: input.name)
    }
    guard let elementType = ElementType(rawValue: number)?.computed else {
      let name = ElementType(rawValue: number)?.name ?? "number \(number)"
      throw .unsupported([
        .init(
          name: "Input", domain: "", version: nil, nodes: [input.name],
          reason: "input '\(input.name)' has element type \(name), which is not computed with")
      ])
    }
    if let shape = inputShapes[input.name] { return ValueType(elementType, shape) }
    guard let dimensions else {
      throw .graph("input '\(input.name)' declares no shape", value: input.name)
    }
    var extents: [Int] = []
    for (axis, dimension) in dimensions.enumerated() {
      guard case .value(let extent) = dimension.extent else {
        throw .graph("input '\(input.name)' leaves dimension \(axis) open", value: input.name)
      }
      extents.append(Int(extent))
    }
    guard let shape = Shape(checking: extents), shape.rank <= ValueType.largestRank else {
      throw .graph("input '\(input.name)' declares the impossible shape \(extents)", value: input.name)
    }
    return ValueType(elementType, shape)
  }
}

extension ValueDescription {
  /// The type of the elements that it declares; nil where it declares none.
  package var elementType: ElementType? {
    if case .tensor(let number, _)? = type?.kind { ElementType(rawValue: number) } else { nil }
  }

  /// Refuses by name an input that holds something else than a tensor.
  fileprivate func requireTensor() throws(LoweringError) {
    let kind: String
    switch type?.kind {
    case nil, .tensor, .unspecified: return
    case .sparseTensor: kind = "a sparse tensor"
    case .sequence: kind = "a sequence"
    case .optional: kind = "an optional value"
    case .map: kind = "a map"
    case .opaque: kind = "of an opaque type"
    }
    throw .unsupported([
      .init(
        name: "Input", domain: "", version: nil, nodes: [name],
        reason: "input '\(name)' is \(kind), implemented: tensors")
    ])
  }
}

extension ModelDescription {
  /// Refuses by name what is fed and no tensor; asked before files are read as tensors.
  package func requireTensorInputs() throws(LoweringError) {
    for input in graph.requiredInputs { try input.requireTensor() }
  }
}
