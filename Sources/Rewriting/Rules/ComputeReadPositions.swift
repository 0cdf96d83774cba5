import Graphs
package import Operators
import Tensors

/// Computes only the positions of an axis that are read, such as the class token behind the last attention.
///
///     Gather(f(x), i) → Gather(f(Slice(x)), i')        for every f that keeps the positions of the axis apart
///
/// Goes from Gathers with known indices backwards through `Narrowable` operators as far as nobody reads more. All bits stay.
package struct ComputeReadPositions: RewriteRule {
  package let label = "compute positions that are read"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var pass = Pass(demands: Self.demands(in: graph))
    var count = 0
    for id in graph.ids {
      guard let node = graph[id] else { continue }
      if let gather = Self.positions(readBy: node, in: graph), pass.isNarrowed(node.inputs[0]) {
        try pass.rewriteGather(id, node, gather, in: &graph)
      } else if let demand = pass.narrowDemand(on: node, in: graph),
        let narrowing = Self.narrowing(of: node, demand, in: graph)
      {
        try pass.narrow(id, node, demand, narrowing, in: &graph)
        count += 1
      }
    }
    return count
  }

  /// A range of positions along an axis.
  fileprivate struct Demand: Equatable {
    let axis: Int
    let range: Range<Int>
  }

  /// What is read of each value that is read: nil stands for all of it.
  private static func demands(in graph: EditableGraph) -> [String: Demand?] {
    var demands: [String: Demand?] = [:]
    func read(_ value: String, _ demand: Demand?) {
      guard !value.isEmpty else { return }
      guard let known = demands[value] else {
        demands[value] = .some(graph.barriers.contains(value) ? nil : demand)
        return
      }
      guard let known, let demand, known.axis == demand.axis else {
        demands[value] = .some(nil)
        return
      }
      let hull =
        min(
          known.range.lowerBound, demand.range.lowerBound)..<max(
          known.range.upperBound, demand.range.upperBound)
      demands[value] = .some(Demand(axis: demand.axis, range: hull))
    }
    for id in graph.ids.reversed() {
      guard let node = graph[id] else { continue }
      if let demand = positions(readBy: node, in: graph) {
        read(node.inputs[0], demand)
        read(node.inputs[1], nil)
      } else if let demand = narrowDemand(on: node, demands, in: graph),
        let narrowing = narrowing(of: node, demand, in: graph)
      {
        for (index, input) in node.inputs.enumerated() {
          switch narrowing {
          case .alike(let operands): read(input, operands.contains(index) ? demand : nil)
          case .operand(let operand): if index == operand { read(input, demand) }
          case .operation: read(input, nil)
          }
        }
      } else {
        for input in node.inputs { read(input, nil) }
      }
    }
    return demands
  }

  /// The positions that a Gather with known indices reads, where they are at most half of an axis behind the images'.
  private static func positions(readBy node: LoweredNode, in graph: EditableGraph) -> Demand? {
    guard let gather = node.operation as? Gather, graph.constant(node.inputs[0]) == nil,
      let axis = graph.shape(node.inputs[0]).normalizedAxis(gather.axis),
      axis > 0, let indices = graph.integers(node.inputs[1])
    else { return nil }
    let extent = graph.shape(node.inputs[0])[axis]
    let positions = indices.map { $0 < 0 ? $0 &+ extent : $0 }
    guard let first = positions.min(), let last = positions.max(), first >= 0, last < extent,
      (last - first + 1) * 2 <= extent
    else { return nil }
    return Demand(axis: axis, range: first..<last + 1)
  }

  /// What is read of a node's first result, where that is at most half of it and nobody reads another result.
  private static func narrowDemand(
    on node: LoweredNode, _ demands: [String: Demand?], in graph: EditableGraph
  )
    -> Demand?
  {
    guard let result = node.outputs.first, !graph.barriers.contains(result),
      node.outputs.dropFirst().allSatisfy({ graph.readers(of: $0).isEmpty && !graph.barriers.contains($0) }),
      let demand = demands[result] ?? nil, demand.axis < graph.shape(result).rank,
      demand.range.count * 2 <= graph.shape(result)[demand.axis]
    else { return nil }
    return demand
  }

  private static func narrowing(of node: LoweredNode, _ demand: Demand, in graph: EditableGraph) -> Narrowing?
  {
    (node.operation as? any Narrowable)?.narrowing(
      axis: demand.axis, to: demand.range, graph.inputTypes(of: node))
  }

  /// The parts made so far.
  private struct Pass {
    let demands: [String: Demand?]
    /// Name of the part of a value that took its place.
    private var parts: [String: (name: String, demand: Demand)] = [:]
    /// Operand of which a value's part is the part.
    private var aliases: [String: String] = [:]

    init(demands: [String: Demand?]) { self.demands = demands }

    func isNarrowed(_ value: String) -> Bool { parts[value] != nil || aliases[value] != nil }

    func narrowDemand(on node: LoweredNode, in graph: EditableGraph) -> Demand? {
      ComputeReadPositions.narrowDemand(on: node, demands, in: graph)
    }

    mutating func narrow(
      _ id: EditableGraph.NodeID, _ node: LoweredNode, _ demand: Demand, _ narrowing: Narrowing,
      in graph: inout EditableGraph
    ) throws(OperatorError) {
      var narrow = node
      var made: [LoweredNode] = []
      switch narrowing {
      case .operand(let operand):
        aliases[node.outputs[0]] = node.inputs[operand]
        return
      case .alike(let operands):
        for operand in operands where operand < node.inputs.count && !node.inputs[operand].isEmpty {
          narrow.inputs[operand] = try part(demand, of: node.inputs[operand], &made, in: &graph)
        }
      case .operation(let operation):
        narrow.operation = operation
      }
      narrow.outputs = narrow.outputs.map { $0.isEmpty ? "" : graph.freshName($0) }
      parts[node.outputs[0]] = (narrow.outputs[0], demand)
      try graph.replace(id, with: made + [narrow])
    }

    mutating func rewriteGather(
      _ id: EditableGraph.NodeID, _ node: LoweredNode, _ positions: Demand, in graph: inout EditableGraph
    ) throws(OperatorError) {
      var made: [LoweredNode] = []
      var gather = node
      gather.inputs[0] = try part(positions, of: node.inputs[0], &made, in: &graph)
      let extent = graph.shape(node.inputs[0])[positions.axis]
      let indices = (graph.integers(node.inputs[1]) ?? []).map {
        Int64(($0 < 0 ? $0 + extent : $0) - positions.range.lowerBound)
      }
      do {
        let moved = try Tensor(indices, shape: graph.shape(node.inputs[1]))
        gather.inputs[1] = graph.add(moved, named: "indices")
      } catch { throw OperatorError(.outOfMemory, "no memory for indices") }
      try graph.replace(id, with: made + [gather])
    }

    /// The name of a part of a value, with a Slice where it isn't there yet.
    private mutating func part(
      _ demand: Demand, of value: String, _ made: inout [LoweredNode], in graph: inout EditableGraph
    ) throws(OperatorError) -> String {
      if let source = aliases[value] { return try part(demand, of: source, &made, in: &graph) }
      let whole = parts[value]
      if let whole, whole.demand == demand { return whole.name }
      let start = demand.range.lowerBound - (whole?.demand.range.lowerBound ?? 0)
      let name = graph.freshName(value)
      let bounds = [[start], [start + demand.range.count], [demand.axis]]
      var operands = [whole?.name ?? value]
      for (bound, hint) in zip(bounds, ["starts", "ends", "axes"]) {
        operands.append(try graph.add(bound, named: hint))
      }
      made.append(LoweredNode(Slice(), operands, outputs: [name]))
      return name
    }
  }
}
