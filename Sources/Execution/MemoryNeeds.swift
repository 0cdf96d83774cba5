import Graphs
import Operators
import Tensors

/// What a graph needs before anything is allocated: each value and scratch memory is checked alone, then all together.
struct MemoryNeeds {
  /// What there is.
  let budget: MemoryBudget
  /// Every node, bound to its operands.
  let nodes: [BoundNode]
  /// Bytes of what is fed.
  let inputs: Int
  /// Bytes of variables.
  let variables: Int
  /// Constants that every run rearranges anew, from where they are.
  let unprepared: Set<String>
  /// The node with the most bytes of results and scratch memory.
  private let largest: (node: LoweredNode, byteCount: Int)?

  /// Adds up what a graph needs.
  ///
  /// - Throws: `ExecutionError` where one value or one node's scratch memory is larger than all there is.
  init(_ graph: LoweredGraph, _ context: ExecutionContext) throws(ExecutionError) {
    budget = context.memoryBudget
    var fed = 0
    for name in graph.inputs where graph.constants[name] == nil {
      fed = min(fed + graph.type(name).byteCount, .addressable)
      do { try budget.require(fed, for: "input '\(name)'") } catch {
        throw .memory(value: name, error.message)
      }
    }
    inputs = fed
    variables = graph.variables.values.reduce(0) { $0 + $1.byteCount }
    var nodes: [BoundNode] = []
    var largest: (node: LoweredNode, byteCount: Int)?
    for node in graph.nodes {
      do {
        var bytes = 0
        // Before anything is worked out for results that there is no room for.
        for output in node.outputs where !output.isEmpty {
          // Each alone: a next state, for one, takes the place of the one before.
          let result = graph.type(output).byteCount
          try budget.require(result, for: "its result '\(output)'")
          bytes = min(bytes + result, .addressable)
        }
        let bound = try BoundNode(node, in: graph, context.options)
        let own = bound.kernel.scratchByteCount
        try budget.require(own, for: "its scratch memory")
        nodes.append(bound)
        bytes = min(bytes + own, .addressable)
        if bytes > largest?.byteCount ?? 0 { largest = (node, bytes) }
      } catch {
        throw .node(label: node.label, operatorName: node.operatorName.description, error)
      }
    }
    unprepared = MemoryNeeds.constantsOfBothDirections(in: graph, nodes)
    for (index, node) in graph.nodes.enumerated() where !unprepared.isDisjoint(with: node.inputs) {
      do {
        nodes[index] = try BoundNode(node, in: graph, context.options, unprepared: unprepared)
      } catch { throw .node(label: node.label, operatorName: node.operatorName.description, error) }
    }
    self.nodes = nodes
    self.largest = largest
  }

  /// Constants that a step over one image would hold twice, rearranged for the forward and for the backward product, and that meet
  /// so many rows there that every run may rearrange them anew.
  ///
  /// Rearranging costs as much as the product with some thirty rows. Of one image nothing else makes a step smaller.
  private static func constantsOfBothDirections(in graph: LoweredGraph, _ nodes: [BoundNode]) -> Set<String> {
    guard let first = graph.inputs.first(where: { graph.constants[$0] == nil }),
      graph.type(first).shape.rank > 0, graph.type(first).shape[0] == 1
    else { return [] }
    var directions: [String: Set<String>] = [:]
    var isWorthIt: [String: Bool] = [:]
    for (node, bound) in zip(graph.nodes, nodes) {
      for name in node.inputs {
        guard let constant = graph.constants[name], constant.byteCount >= smallestUnprepared else { continue }
        directions[name, default: []].insert(node.operationText)
        let rows = bound.kernel.operations / (2 * max(constant.shape.elementCount, 1))
        isWorthIt[name] =
          isWorthIt[name] ?? true && bound.kernel.preparation != nil && rows >= fewestRows
      }
    }
    return Set(directions.keys.filter { directions[$0]?.count ?? 0 > 1 && isWorthIt[$0] ?? false })
  }

  /// Constants below this size are rearranged before the first run in any case.
  private static let smallestUnprepared = 1 << 20
  /// Rows that a constant must meet to be rearranged by every run.
  private static let fewestRows = 1024

  /// Bytes of a plan, what is fed, and variables.
  ///
  /// Variables count where a limit was set; elsewhere those that other plans brought are no longer free.
  func reserved(for plan: MemoryPlan) -> Int {
    plan.arenaByteCount + inputs + (budget.isGiven ? variables : 0)
  }

  /// Refuses a plan that does not fit beside what is fed, and names the node that needs the most.
  func requireRoom(for plan: MemoryPlan) throws(ExecutionError) {
    guard let largest else { return }
    do {
      try budget.require(
        reserved(for: plan), for: "the plan, in which this node has \(largest.byteCount) bytes,")
    } catch {
      let node = largest.node.node
      throw .node(label: node.label, operatorName: node.operatorName.description, error)
    }
  }
}
