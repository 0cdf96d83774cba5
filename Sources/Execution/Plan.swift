package import Operators
import Tensors

/// A graph made ready to run for given shapes: constants prepared, memory placed.
///
/// Immutable and shareable; each `Session` brings its own memory.
package final class Plan: Sendable {
  /// The graph that runs.
  package let graph: LoweredGraph
  /// Threads and kernels.
  package let context: ExecutionContext
  let memory: MemoryPlan
  let scratchByteCounts: [Int]
  let prepared: [(any PreparedConstants)?]
  let constants: [String: Tensor]

  /// Size of the memory that a session needs for inner values, in bytes.
  package var arenaByteCount: Int { memory.arenaByteCount }

  /// Plans a graph.
  package init(
    _ graph: LoweredGraph, context: ExecutionContext,
    cache: PreparedConstantsCache = PreparedConstantsCache()
  ) throws(ExecutionError) {
    var scratch: [Int] = []
    var prepared: [(any PreparedConstants)?] = []
    var direct: [String: Tensor] = [:]
    for node in graph.nodes {
      let inputs = graph.inputTypes(of: node.node)
      scratch.append(node.operation.scratchByteCount(inputs, context.options))
      let entry = try cache.prepared(node, in: graph, context)
      prepared.append(entry)
      for name in node.inputs {
        guard let constant = graph.constants[name], direct[name] == nil else { continue }
        // A prepared operator does not read its large constants again: those stay where they are.
        guard entry == nil || constant.byteCount < Plan.preparedThreshold else {
          constant.releasePages()
          continue
        }
        direct[name] = try cache.aligned(name, constant)
      }
    }
    for name in graph.outputs {
      if let constant = graph.constants[name] { direct[name] = try cache.aligned(name, constant) }
    }
    self.graph = graph
    self.context = context
    self.prepared = prepared
    scratchByteCounts = scratch
    constants = graph.constants.merging(direct) { $1 }
    memory = MemoryPlan(graph, scratch: scratch)
  }

  /// Constants of at least this size that an operator has prepared are not copied for alignment.
  private static let preparedThreshold = 1 << 16
}
