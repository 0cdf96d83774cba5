import Graphs
import Operators
import Tensors

/// What a graph needs before anything is allocated: each value and scratch memory is checked alone, then all together.
struct MemoryNeeds {
  /// What there is.
  let budget: MemoryBudget
  /// Bytes of scratch memory per node.
  let scratch: [Int]
  /// Bytes of what is fed.
  let inputs: Int
  /// Bytes of variables.
  let variables: Int
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
    var scratch: [Int] = []
    var largest: (node: LoweredNode, byteCount: Int)?
    for node in graph.nodes {
      do {
        var bytes = 0
        for output in node.outputs where !output.isEmpty {
          bytes = min(bytes + graph.type(output).byteCount, .addressable)
          try budget.require(bytes, for: "its result '\(output)'")
        }
        scratch.append(node.operation.scratchByteCount(graph.inputTypes(of: node.node), context.options))
        bytes = min(bytes + scratch[scratch.count - 1], .addressable)
        try budget.require(bytes, for: "its scratch memory")
        if bytes > largest?.byteCount ?? 0 { largest = (node, bytes) }
      } catch {
        throw .node(label: node.node.label, operatorName: node.node.operatorName.description, error)
      }
    }
    self.scratch = scratch
    self.largest = largest
  }

  /// Refuses a plan that does not fit beside what is fed, and names the node that needs the most.
  func requireRoom(for plan: MemoryPlan) throws(ExecutionError) {
    guard let largest else { return }
    do {
      try budget.require(
        plan.arenaByteCount + inputs, for: "the plan, in which this node has \(largest.byteCount) bytes,")
    } catch {
      let node = largest.node.node
      throw .node(label: node.label, operatorName: node.operatorName.description, error)
    }
  }
}
