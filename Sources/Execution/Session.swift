import Graphs
import Operators
package import Tensors

/// Memory for one plan, and the runs in it.
///
/// Owned by one thread.
///
/// All views are made once; a run allocates no tensor memory.
package final class Session {
  /// The plan that runs.
  package let plan: Plan
  /// Memory of inner values; larger than the plan needs where another session brought it.
  let arena: Storage
  private let variables: VariableStore
  private let inputs: [TensorView]
  private let outputs: [TensorView]
  private let instructions: [Operands]
  private let copies: [(source: TensorView, target: TensorView)]

  /// Memory for a plan.
  ///
  /// - Parameters:
  ///   - variables: current content of the graph's variables; missing ones are added with their start value.
  ///   - arena: memory for inner values to share with other sessions that never run at the same time.
  package init(_ plan: Plan, variables: VariableStore = VariableStore(), arena: Storage? = nil)
    throws(ExecutionError)
  {
    self.plan = plan
    self.variables = variables
    let graph = plan.graph
    for name in graph.variables.keys.sorted() {
      if let start = graph.variables[name] { try variables.add(name, start: start) }
    }
    var named: [String: TensorView] = [:]
    for (name, tensor) in plan.constants { named[name] = TensorView(tensor) }
    for (name, tensor) in variables.tensors where graph.variables[name] != nil {
      named[name] = TensorView(tensor)
    }
    var memory = arena
    do {
      for name in graph.inputs where graph.constants[name] == nil {
        let type = graph.type(name)
        named[name] = TensorView(try Tensor(zeros: type.shape, of: type.elementType))
      }
      if memory.map({ $0.byteCount < plan.arenaByteCount }) ?? true {
        memory = try Storage(byteCount: plan.arenaByteCount)
      }
    } catch { throw .outOfMemory(byteCount: error.byteCount) }
    guard let memory else { throw .outOfMemory(byteCount: plan.arenaByteCount) }
    self.arena = memory

    func view(_ name: String) -> TensorView? {
      guard !name.isEmpty, let location = plan.memory.locations[name] else { return nil }
      let type = graph.type(name)
      switch location {
      case .arena(let offset):
        return TensorView(
          elementType: type.elementType, shape: type.shape, storage: memory, byteOffset: offset)
      case .named(let owner, let byteOffset):
        guard let base = named[owner] else { return nil }
        return TensorView(
          elementType: type.elementType, shape: type.shape, storage: base.storage,
          byteOffset: base.byteOffset + byteOffset)
      }
    }
    inputs = graph.inputs.compactMap { named[$0] }
    outputs = graph.outputs.compactMap { view($0) }
    var instructions: [Operands] = []
    instructions.reserveCapacity(graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      let scratch = plan.memory.scratchOffsets[index].map { offset in
        TensorView(
          elementType: .uint8, shape: Shape([plan.kernels[index].scratchByteCount]), storage: memory,
          byteOffset: offset)
      }
      instructions.append(
        Operands(
          inputs: node.inputs.map(view), outputs: node.outputs.map(view), scratch: scratch,
          prepared: plan.prepared[index]))
    }
    self.instructions = instructions
    copies = graph.updates.compactMap { update in
      guard let source = view(update.value), let target = named[update.variable] else { return nil }
      let isInPlace = source.storage === target.storage && source.byteOffset == target.byteOffset
      return isInPlace ? nil : (source, target)
    }
  }

  /// Feeds one graph input, by position.
  package func setInput(_ index: Int, to tensor: Tensor) throws(ExecutionError) {
    let name = plan.graph.inputs[index]
    // An input whose value was bound when the graph was lowered is a constant now.
    guard plan.graph.constants[name] == nil else { return }
    let view = inputs[index]
    guard view.elementType == tensor.elementType, view.shape == tensor.shape else {
      throw .input(
        name: name,
        message: "expects \(view.elementType.name)\(view.shape), "
          + "given \(tensor.elementType.name)\(tensor.shape)")
    }
    view.copyBytes(from: TensorView(tensor))
  }

  /// Runs the graph on what was fed.
  ///
  /// - Parameters:
  ///   - profile: collects the time of every node where it is given.
  ///   - isInterrupted: asked before each node; what a run that it ends has written is of no use.
  /// - Throws: `ExecutionError.interrupted` where it says so.
  package func run(
    profile: Profile? = nil, isInterrupted: () -> Bool = { false }
  ) throws(ExecutionError) {
    for (index, operands) in instructions.enumerated() {
      guard !isInterrupted() else { throw .interrupted }
      let start = profile == nil ? nil : ContinuousClock.now
      do { try plan.kernels[index].run(operands) } catch {
        let node = plan.graph.nodes[index]
        throw .node(label: node.label, operatorName: node.operatorName.description, error)
      }
      if let profile, let start { profile.add(ContinuousClock.now - start, node: index) }
    }
    for copy in copies { copy.target.copyBytes(from: copy.source) }
  }

  /// A delivered value where it lies; valid until the next run.
  package func outputView(_ index: Int) -> TensorView { outputs[index] }

  /// A delivered value, copied out of the session.
  package func output(_ index: Int) throws(ExecutionError) -> Tensor {
    do { return try outputs[index].tensor.copied() } catch {
      throw .outOfMemory(byteCount: error.byteCount)
    }
  }

  /// Feeds all inputs, runs, and copies all outputs.
  ///
  /// - Parameter isInterrupted: asked before each node.
  package func run(
    _ tensors: [Tensor], isInterrupted: () -> Bool = { false }
  ) throws(ExecutionError) -> [Tensor] {
    for (index, tensor) in tensors.enumerated() { try setInput(index, to: tensor) }
    try run(isInterrupted: isInterrupted)
    var results: [Tensor] = []
    for index in outputs.indices { results.append(try output(index)) }
    return results
  }
}

extension Session {
  /// The elements of a delivered value, copied.
  package func value<Element: Scalar>(_ index: Int, of type: Element.Type) -> [Element] {
    outputView(index).tensor.elements(of: type)
  }
}
