import Graphs
import Operators
package import Tensors

/// Memory for one plan, and the runs in it.
///
/// Owned by one thread.
///
/// Views are made once, those of an input when it is fed; a run allocates no tensor memory.
package final class Session {
  /// The plan that runs.
  package let plan: Plan
  /// Memory of inner values; larger than the plan needs where another session brought it.
  let arena: Storage
  private let variables: VariableStore
  /// What inputs, variables and constants are at present, by name.
  private var named: [String: TensorView] = [:]
  private var instructions: [Operands] = []
  private var copies: [(source: TensorView, target: TensorView)] = []
  /// Per graph input, where it, or a view of it, is looked at.
  private let uses: [InputUses]

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
    uses = plan.graph.inputs.map { InputUses(of: $0, in: plan) }
    let graph = plan.graph
    for name in graph.variables.keys.sorted() {
      if let start = graph.variables[name] { try variables.add(name, start: start) }
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
    named.merge(plan.constants.mapValues { TensorView($0) }) { $1 }
    for (name, tensor) in variables.tensors where graph.variables[name] != nil {
      named[name] = TensorView(tensor)
    }
    instructions = graph.nodes.indices.map { operands(of: $0) }
    copies = updates()
  }

  /// Where a value lies at present; nil for one that is absent, or that nobody computes.
  private func view(_ name: String) -> TensorView? {
    guard !name.isEmpty, let location = plan.memory.locations[name] else { return nil }
    let type = plan.graph.type(name)
    switch location {
    case .arena(let offset):
      return TensorView(
        elementType: type.elementType, shape: type.shape, storage: arena, byteOffset: offset)
    case .named(let owner, let byteOffset):
      guard let base = named[owner] else { return nil }
      return TensorView(
        elementType: type.elementType, shape: type.shape, storage: base.storage,
        byteOffset: base.byteOffset + byteOffset)
    }
  }

  private func operands(of index: Int) -> Operands {
    let node = plan.graph.nodes[index]
    let scratch = plan.memory.scratchOffsets[index].map { offset in
      TensorView(
        elementType: .uint8, shape: Shape([plan.kernels[index].scratchByteCount]), storage: arena,
        byteOffset: offset)
    }
    return Operands(
      inputs: node.inputs.map(view), outputs: node.outputs.map(view), scratch: scratch,
      prepared: plan.prepared[index])
  }

  /// The variables whose next content is computed elsewhere.
  private func updates() -> [(source: TensorView, target: TensorView)] {
    plan.graph.updates.compactMap { update in
      guard let source = view(update.value), let target = named[update.variable] else { return nil }
      let isInPlace = source.storage === target.storage && source.byteOffset == target.byteOffset
      return isInPlace ? nil : (source, target)
    }
  }

  /// Feeds one graph input, by position.
  ///
  /// It is read where it lies, so it must stay as it is until the run is over; the session holds it until the next one is fed.
  package func setInput(_ index: Int, to tensor: Tensor) throws(ExecutionError) {
    let name = plan.graph.inputs[index]
    // An input whose value was bound when the graph was lowered is a constant now.
    guard plan.graph.constants[name] == nil else { return }
    let type = plan.graph.type(name)
    guard type.elementType == tensor.elementType, type.shape == tensor.shape else {
      throw .input(
        name: name,
        message: "expects \(type.elementType.name)\(type.shape), "
          + "given \(tensor.elementType.name)\(tensor.shape)")
    }
    do { named[name] = TensorView(try tensor.aligned()) } catch {
      throw .outOfMemory(byteCount: error.byteCount)
    }
    for use in uses[index].operands {
      instructions[use.node].setInput(use.position, to: view(plan.graph.nodes[use.node].inputs[use.position]))
    }
    for use in uses[index].results {
      instructions[use.node].setOutput(
        use.position, to: view(plan.graph.nodes[use.node].outputs[use.position]))
    }
    if uses[index].isNextState { copies = updates() }
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
    for index in plan.working {
      guard !isInterrupted() else { throw .interrupted }
      let start = profile == nil ? nil : ContinuousClock.now
      do { try plan.kernels[index].run(instructions[index]) } catch {
        let node = plan.graph.nodes[index]
        throw .node(label: node.label, operatorName: node.operatorName.description, error)
      }
      for constant in plan.passing[index] { constant.releasePages() }
      if let profile, let start { profile.add(ContinuousClock.now - start, node: index) }
    }
    for copy in copies { copy.target.copyBytes(from: copy.source) }
  }

  /// A delivered value where it lies; valid until the next run.
  package func outputView(_ index: Int) -> TensorView {
    guard let view = view(plan.graph.outputs[index]) else {
      preconditionFailure("nobody computes '\(plan.graph.outputs[index])'")
    }
    return view
  }

  /// A delivered value, copied out of the session.
  package func output(_ index: Int) throws(ExecutionError) -> Tensor {
    do { return try outputView(index).tensor.copied() } catch {
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
    for index in plan.graph.outputs.indices { results.append(try output(index)) }
    return results
  }
}

/// Where an input that is fed, or a view of it, is looked at: found once, so that feeding touches nothing else.
private struct InputUses {
  /// Operands, by node and position.
  private(set) var operands: [(node: Int, position: Int)] = []
  /// Results that are a part of it, likewise.
  private(set) var results: [(node: Int, position: Int)] = []
  /// Whether it is the next content of a variable.
  let isNextState: Bool

  init(of name: String, in plan: Plan) {
    func isPart(_ value: String) -> Bool { plan.memory.locations[value]?.owner == name }
    for (index, node) in plan.graph.nodes.enumerated() {
      operands += node.inputs.indices.filter { isPart(node.inputs[$0]) }.map { (index, $0) }
      results += node.outputs.indices.filter { isPart(node.outputs[$0]) }.map { (index, $0) }
    }
    isNextState = plan.graph.updates.contains { isPart($0.value) }
  }
}

extension Session {
  /// The elements of a delivered value, copied.
  package func value<Element: Scalar>(_ index: Int, of type: Element.Type) -> [Element] {
    outputView(index).tensor.elements(of: type)
  }
}
