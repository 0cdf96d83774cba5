package import Graphs
package import Operators
import Rewriting
import Tensors
import Tensors

/// A model on its way to execution: lowered and fused graphs per batch, constants prepared once for all of them.
///
/// Works on copies; the model that is exported stays as it is. Owned by one thread.
package final class CompiledModel {
  /// The model.
  package let model: ModelDescription
  /// Initializers that may change between runs.
  package let variables: [String]
  /// Operators in use.
  package let registry: OperatorRegistry
  /// Threads and kernels.
  package let context: ExecutionContext
  /// Values that fusion must leave as values.
  package let barriers: Set<String>
  private let cache = PreparedConstantsCache()
  private let widenedWeights = WidenedWeights()
  private var graphs: [Int: LoweredGraph] = [:]

  /// A model with the initializers that may change between runs.
  package init(
    _ model: ModelDescription, variables: [String] = [], barriers: Set<String> = [],
    registry: OperatorRegistry, context: ExecutionContext
  ) {
    self.model = model
    self.variables = variables
    self.barriers = barriers
    self.registry = registry
    self.context = context
  }

  /// The graph for a number of images: shapes bound, constants folded, operators fused.
  ///
  /// - Throws: `LoweringError`, `ExecutionError`.
  package func graph(batch: Int) throws -> LoweredGraph {
    if let known = graphs[batch] { return known }
    var lowering = Lowering(registry: registry, context: context)
    lowering.variables = Set(variables)
    lowering.barriers = barriers
    lowering.widenedWeights = widenedWeights
    let graph = try fused(try lowering.lower(model, batch: batch))
    graphs[batch] = graph
    return graph
  }

  /// A lowered graph of this model with operators fused that have gradients of their own.
  ///
  /// - Throws: `ExecutionError`.
  package func fused(_ graph: LoweredGraph) throws -> LoweredGraph {
    try CompiledModel.applying(RuleSet.early, to: graph, barriers)
  }

  /// A plan of a graph of this model, possibly extended or cut.
  ///
  /// - Throws: `ExecutionError`.
  package func plan(_ graph: LoweredGraph) throws -> Plan {
    var fused = try CompiledModel.applying(RuleSet.late, to: graph, [])
    fused.removeUnused()
    return try Plan(fused, context: context, cache: cache)
  }

  /// Bytes of the constants that all plans made so far have rearranged.
  package var heldByteCount: Int { cache.heldByteCount }

  /// What rules do to the graph of a number of images on its way to a plan.
  ///
  /// - Throws: `LoweringError`, `ExecutionError`.
  package func rules(batch: Int) throws -> [RuleOutcome] {
    try CompiledModel.applying(RuleSet.late, to: try graph(batch: batch), []).rules
  }

  /// Images per micro-batch that suit the graph, and whose plan stays within the limit of memory that was asked for.
  ///
  /// Where one image does not fit either the answer is one, and its plan is refused when it is made.
  ///
  /// - Parameter makePlan: the plan for a number of images; that of the model itself without it.
  /// - Throws: `LoweringError`, `ExecutionError`.
  package func suitableMicroBatch(_ makePlan: ((Int) throws -> Plan)? = nil) throws -> Int {
    var size = try cachedMicroBatch()
    guard context.memoryLimit != nil else { return size }
    while size > 1 {
      do {
        _ = try makePlan.map { try $0(size) } ?? plan(try graph(batch: size))
        return size
      } catch let error as any ReportableError where CompiledModel.isMemoryRefusal(error) { size /= 2 }
    }
    return size
  }

  private static func isMemoryRefusal(_ error: any ReportableError) -> Bool {
    switch error {
    case let error as ExecutionError: error.isMemoryRefusal
    case LoweringError.node(_, _, let error): error.code == .outOfMemory
    default: (error.underlying as? any ReportableError).map(isMemoryRefusal) ?? false
    }
  }

  /// Images per micro-batch: as many as keep the largest inner value in the processor's cache, or as many as let half of the
  /// weights meet enough rows, up to a larger value.
  ///
  /// A function of the graph alone, so that results are the same everywhere (decision 0026).
  private func cachedMicroBatch() throws -> Int {
    let graph = try graph(batch: 1)
    let largest = graph.nodes.flatMap(\.outputs).filter { !$0.isEmpty }.map { graph.type($0).byteCount }.max()
    func images(_ byteCount: Int) -> Int { max(1, min(16, byteCount / max(largest ?? 1, 1))) }
    let rows = CompiledModel.rowsOfWeights(in: graph)
    let sharing = (CompiledModel.sharingRows + rows - 1) / rows
    return max(images(CompiledModel.cachedByteCount), min(images(CompiledModel.sharingByteCount), sharing))
  }

  /// The number of rows that at least half of the weights of all products meet, counted in bytes, or more.
  private static func rowsOfWeights(in graph: LoweredGraph) -> Int {
    let products = graph.nodes.filter { $0.operation is any ProductWithEpilogue }.map { node in
      let result = graph.type(node.outputs[0]).shape
      return (
        rows: result.elementCount / max(result.extents.last ?? 1, 1),
        bytes: graph.type(node.inputs[1]).byteCount
      )
    }.sorted { $0.rows < $1.rows }
    let half = products.reduce(0) { $0 + $1.bytes } / 2
    var sum = 0
    for product in products {
      sum += product.bytes
      if sum >= half { return max(product.rows, 1) }
    }
    return sharingRows
  }

  /// What the largest inner value of a micro-batch may take: part of a last-level cache.
  private static let cachedByteCount = 6 << 20

  /// What it may take where weights are read from memory for too few rows otherwise.
  private static let sharingByteCount = 16 << 20

  /// Rows that a weight should meet for each time that it is read from memory: about the tokens of one image in a vision
  /// transformer, whose micro-batches this leaves alone.
  private static let sharingRows = 192

  private static func applying(
    _ rules: RuleSet, to graph: LoweredGraph, _ barriers: Set<String>
  ) throws(ExecutionError) -> LoweredGraph {
    do {
      return try rules.apply(to: graph, barriers: barriers.union(graph.delivered)).graph
    } catch { throw .node(label: "fusion", operatorName: "", error) }
  }
}
