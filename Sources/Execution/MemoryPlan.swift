import Operators
import Tensors

/// Where each value of a graph lies while it runs.
///
/// Values share memory when one is a view of the other or takes over the other's memory; each group of such
/// values is a block with a lifetime. Blocks are placed largest first at the lowest offset that is free during
/// their whole lifetime (the greedy-by-size rule), so one arena serves every run.
package struct MemoryPlan {
  /// Where a value lies.
  enum Location: Hashable {
    /// In the arena.
    case arena(offset: Int)
    /// In the memory of a graph input, variable or constant of this name, from a byte on.
    case named(String, byteOffset: Int)

    /// The graph input, variable or constant in whose memory it is.
    var owner: String? {
      if case .named(let name, _) = self { return name }
      return nil
    }
  }

  /// Alignment of every block in the arena, in bytes: a cache line.
  package static let alignment = 64

  private(set) var locations: [String: Location] = [:]
  /// Offset in the arena of each node's scratch memory; nil where it needs none.
  private(set) var scratchOffsets: [Int?]
  /// Values that are part of an operand's memory, so that nothing is moved.
  private(set) var views: Set<String>
  /// Size of the arena in bytes.
  private(set) var arenaByteCount = 0

  /// Plans a graph.
  ///
  /// - Parameter nodes: its nodes, bound to their operands.
  init(_ graph: LoweredGraph, _ nodes: [BoundNode]) {
    var blocks = Blocks(graph)
    blocks.assign(graph, nodes)
    views = blocks.viewed
    var intervals = blocks.intervals
    let blockCount = intervals.count
    var scratchBlocks: [Int?] = []
    for (index, node) in nodes.enumerated() {
      let bytes = node.kernel.scratchByteCount
      scratchBlocks.append(bytes == 0 ? nil : intervals.count)
      if bytes > 0 { intervals.append(Interval(first: index, last: index, byteCount: bytes)) }
    }
    let offsets = MemoryPlan.place(intervals, &arenaByteCount)
    scratchOffsets = scratchBlocks.map { $0.map { offsets[$0] } }
    for value in blocks.order {
      guard let place = blocks.places[value] else { continue }
      switch place.root {
      case .block(let block):
        precondition(block < blockCount, "scratch memory holds no value")
        locations[value] = .arena(offset: offsets[block] + place.byteOffset)
      case .named(let name): locations[value] = .named(name, byteOffset: place.byteOffset)
      }
    }
  }

  /// A stretch of memory that is in use from one node to another, both included.
  package struct Interval {
    /// Index of the first node that uses it.
    package var first: Int
    /// Index of the last node that uses it.
    package var last: Int
    /// Size in bytes.
    package var byteCount: Int

    /// A stretch of memory.
    package init(first: Int, last: Int, byteCount: Int) {
      self.first = first
      self.last = last
      self.byteCount = byteCount
    }
  }

  /// Offsets for intervals such that those that overlap in time do not overlap in memory.
  package static func place(_ intervals: [Interval], _ total: inout Int) -> [Int] {
    var offsets = [Int](repeating: 0, count: intervals.count)
    let order = intervals.indices.sorted {
      (-intervals[$0].byteCount, $0) < (-intervals[$1].byteCount, $1)
    }
    var occupied = OccupiedAddresses(timeCount: (intervals.map(\.last).max() ?? 0) + 1)
    for index in order {
      let interval = intervals[index]
      let size = (interval.byteCount + alignment - 1) / alignment * alignment
      let offset = occupied.lowest(size, from: interval.first, to: interval.last)
      occupied.take(offset, size, from: interval.first, to: interval.last)
      offsets[index] = offset
      total = max(total, offset + size)
    }
    return offsets
  }
}

/// Groups values that share memory and finds how long each group lives.
private struct Blocks {
  enum Root: Hashable {
    case block(Int)
    case named(String)
  }
  struct Place {
    var root: Root
    var byteOffset: Int
  }

  private(set) var places: [String: Place] = [:]
  private(set) var intervals: [MemoryPlan.Interval] = []
  private(set) var order: [String] = []
  private(set) var viewed: Set<String> = []
  private let lastUse: [String: Int]
  private let updates: [String: String]  // value → variable
  private let pinned: Set<String>
  private var lastReader: [Root: Int] = [:]

  init(_ graph: LoweredGraph) {
    var lastUse: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs where !input.isEmpty { lastUse[input] = index }
    }
    // What is delivered must survive until the end.
    let end = graph.nodes.count
    for value in graph.delivered { lastUse[value] = end }
    self.lastUse = lastUse
    self.updates = Dictionary(graph.updates.map { ($0.value, $0.variable) }) { first, _ in first }
    pinned = Set(graph.outputs)
    for name in graph.inputs where graph.constants[name] == nil { addNamed(name) }
    for name in graph.variables.keys.sorted() { addNamed(name) }
    for name in graph.constants.keys.sorted() { addNamed(name) }
  }

  private mutating func addNamed(_ name: String) {
    guard places[name] == nil else { return }
    places[name] = Place(root: .named(name), byteOffset: 0)
    order.append(name)
    extend(.named(name), to: lastUse[name] ?? -1)
  }

  private mutating func extend(_ root: Root, to index: Int) {
    lastReader[root] = max(lastReader[root] ?? -1, index)
    if case .block(let block) = root { intervals[block].last = max(intervals[block].last, index) }
  }

  /// Gives every value made by a node its place.
  mutating func assign(_ graph: LoweredGraph, _ nodes: [BoundNode]) {
    for (index, node) in graph.nodes.enumerated() {
      let bound = nodes[index]
      for (position, output) in node.outputs.enumerated() where !output.isEmpty {
        order.append(output)
        let type = graph.type(output)
        let use = max(lastUse[output] ?? index, index)
        if position < bound.views.count, let view = bound.views[position],
          let source = places[node.inputs[view.input]],
          canBeView(output, of: source)
        {
          let elementBytes = type.elementType.byteCount(of: 1) ?? 1
          places[output] = Place(
            root: source.root, byteOffset: source.byteOffset + view.elementOffset * elementBytes)
          viewed.insert(output)
          extend(source.root, to: use)
        } else if let place = reusablePlace(for: output, at: position, of: node, bound, index, graph) {
          places[output] = place
          extend(place.root, to: use)
        } else {
          let block = intervals.count
          intervals.append(.init(first: index, last: index, byteCount: type.byteCount))
          places[output] = Place(root: .block(block), byteOffset: 0)
          extend(.block(block), to: use)
        }
      }
    }
  }

  /// A view of named memory may not leave the graph: the memory may change after the run.
  private func canBeView(_ output: String, of source: Place) -> Bool {
    guard case .named = source.root else { return true }
    return !pinned.contains(output) && updates[output] == nil
  }

  /// The memory of an operand that nobody reads after this node, where the operator allows it.
  private func reusablePlace(
    for output: String, at position: Int, of node: LoweredNode, _ bound: BoundNode, _ index: Int,
    _ graph: LoweredGraph
  ) -> Place? {
    let bytes = graph.type(output).byteCount
    let updated = bound.updatedInputs
    let candidates =
      position < updated.count ? [updated[position]] : position == 0 ? bound.reusableInputs : []
    for candidate in candidates where candidate < node.inputs.count {
      let input = node.inputs[candidate]
      guard let place = places[input], graph.type(input).byteCount == bytes,
        node.inputs.filter({ $0 == input }).count == 1
      else { continue }
      // Another operand, or an earlier result, may lie in the same memory under another name.
      let others = node.inputs.enumerated().filter { $0.offset != candidate }.map(\.element) + node.outputs
      let shared = others.contains { other in
        !other.isEmpty && other != output && places[other]?.root == place.root
      }
      guard !shared, (lastReader[place.root] ?? -1) <= index else { continue }
      switch place.root {
      case .block(let block):
        guard place.byteOffset == 0, intervals[block].byteCount == bytes else { continue }
        return place
      case .named(let name):
        guard updates[output] == name else { continue }
        return place
      }
    }
    return nil
  }
}
