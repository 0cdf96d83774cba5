package import Operators
import Tensors

/// A graph made ready to run for given shapes: operators bound, constants prepared, memory placed.
///
/// Immutable and shareable; each `Session` brings its own memory.
package final class Plan: Sendable {
  /// The graph that runs.
  package let graph: LoweredGraph
  /// Threads and kernels.
  package let context: ExecutionContext
  let memory: MemoryPlan
  private let inputByteCount: Int
  /// What each node runs.
  package let kernels: [BoundKernel]
  let prepared: [(any PreparedConstants)?]
  let constants: [String: Tensor]
  /// Per node, constants in a mapped file that it alone needs at a time: they are read again from the file for the next one.
  let passing: [[Tensor]]
  /// Nodes that compute or move something, in order; the results of the others are parts of their operands.
  let working: [Int]

  /// Size of the memory that a session needs for inner values, in bytes.
  package var arenaByteCount: Int { memory.arenaByteCount }

  /// Bytes that a session of its own holds: inner values and what it is fed.
  package var sessionByteCount: Int { memory.arenaByteCount + inputByteCount }

  /// Bytes for all that a run needs: inner values, inputs, variables, and constants that were rearranged.
  ///
  /// Constants that stay where they are, such as those in a mapped file, don't count.
  package let plannedByteCount: Int

  /// Plans a graph.
  ///
  /// - Throws: `ExecutionError`, before anything is allocated, where it needs more memory than the context allows or the
  ///   system has.
  package init(
    _ graph: LoweredGraph, context: ExecutionContext,
    cache: PreparedConstantsCache = PreparedConstantsCache()
  ) throws(ExecutionError) {
    let needs = try MemoryNeeds(graph, context)
    let memory = MemoryPlan(graph, needs.nodes)
    try needs.requireRoom(for: memory)
    let room = PreparedConstantsCache.Room(needs.budget, reserved: needs.reserved(for: memory), cache)
    var prepared: [(any PreparedConstants)?] = []
    prepared.reserveCapacity(graph.nodes.count)
    var direct: [String: Tensor] = [:]
    let mapped = needs.unprepared.filter { graph.constants[$0]?.storage.isMappedFile ?? false }
    passing = graph.nodes.map { node in
      node.inputs.filter { mapped.contains($0) }.compactMap { graph.constants[$0] }
    }
    for (node, bound) in zip(graph.nodes, needs.nodes) {
      let entry = try cache.prepared(node, bound.kernel, in: graph, room)
      prepared.append(entry)
      for name in node.inputs {
        guard let constant = graph.constants[name], direct[name] == nil, !mapped.contains(name) else {
          continue
        }
        // A prepared operator does not read its large constants again: those stay where they are.
        guard entry == nil || constant.byteCount < Plan.preparedThreshold else {
          constant.releasePages()
          continue
        }
        direct[name] = try cache.aligned(name, constant, room)
      }
    }
    for name in graph.outputs {
      if let constant = graph.constants[name] { direct[name] = try cache.aligned(name, constant, room) }
    }
    self.graph = graph
    self.context = context
    self.prepared = prepared
    kernels = needs.nodes.map(\.kernel)
    constants = graph.constants.merging(direct) { $1 }
    self.memory = memory
    working = graph.nodes.indices.filter { index in
      !graph.nodes[index].outputs.allSatisfy { $0.isEmpty || memory.views.contains($0) }
    }
    inputByteCount = needs.inputs
    plannedByteCount = memory.arenaByteCount + needs.inputs + needs.variables + cache.heldByteCount
  }

  /// Multiplications and additions of one run.
  package var operations: Int { kernels.reduce(0) { $0 &+ $1.operations } }

  /// Bytes that a node reads and writes; none where its results are views of what it reads.
  package func bytesMoved(by index: Int) -> Int {
    let node = graph.nodes[index]
    let moved = node.outputs.filter { !$0.isEmpty && !memory.views.contains($0) }
    guard !moved.isEmpty else { return 0 }
    let written = moved.reduce(0) { min($0 + graph.type($1).byteCount, .addressable) }
    return kernels[index].bytesMoved(writing: written)
  }

  /// Constants of at least this size that an operator has prepared are not copied for alignment.
  private static let preparedThreshold = 1 << 16
}
