import Graphs
package import Operators
package import Tensors

/// A lowered graph with its edges indexed, in which rules replace nodes.
///
/// Nodes have stable numbers and stand in a list in topological order. A new node takes the place of the last node that it
/// replaces, where all of its operands are known.
package struct EditableGraph {
  /// The number of a node; it stays while others come and go.
  package typealias NodeID = Int

  /// Values that must stay values of the graph: its outputs, requested ones and those to differentiate by.
  package let barriers: Set<String>
  /// Places that rules left alone.
  package private(set) var failures: [MatchFailure] = []
  private var noted: Set<MatchFailure> = []
  private var graph: LoweredGraph
  private var slots: [LoweredNode?]
  private var next: [NodeID]
  private var previous: [NodeID]
  private var makers: [String: NodeID] = [:]
  private var readers: [String: Readers] = [:]
  private let outputs: Set<String>
  private var counter = 0

  // The last slot of `next` and `previous` is the list's sentinel while the graph is read; it is node 0.
  private static let sentinel = 0

  /// An editable copy of a graph.
  package init(_ graph: LoweredGraph, barriers: Set<String>) {
    self.graph = graph
    outputs = Set(graph.outputs)
    self.barriers = barriers.union(graph.outputs)
    slots = [nil] + graph.nodes.map(Optional.some)
    let count = slots.count
    next = (0..<count).map { ($0 + 1) % count }
    previous = (0..<count).map { ($0 + count - 1) % count }
    for id in 1..<max(count, 1) { index(id) }
    self.graph.nodes = []
  }

  /// The graph as it stands, without unused nodes.
  package func lowered() -> LoweredGraph {
    var result = graph
    result.nodes = ids.compactMap { slots[$0] }
    result.removeUnused()
    return result
  }

  /// Numbers of all nodes in topological order.
  package var ids: [NodeID] {
    var result: [NodeID] = []
    var id = next[Self.sentinel]
    while id != Self.sentinel {
      result.append(id)
      id = next[id]
    }
    return result
  }

  /// Numbers of the nodes of some operators of the default domain, in topological order.
  package func ids(of types: String...) -> [NodeID] {
    ids.filter { id in
      guard let node = slots[id] else { return false }
      return node.operatorName.domain.isEmpty && types.contains(node.type)
    }
  }

  /// Numbers of the nodes of one operator, in topological order.
  package func ids<Operation: Operator>(of operation: Operation.Type) -> [NodeID] {
    ids.filter { slots[$0]?.operation is Operation }
  }

  /// The node of a number, or nil where it has been removed.
  package subscript(id: NodeID) -> LoweredNode? { slots[id] }

  /// The node that makes a value.
  package func maker(of value: String) -> (id: NodeID, node: LoweredNode)? {
    guard let id = makers[value], let node = slots[id] else { return nil }
    return (id, node)
  }

  /// The node that makes a value, where it is one of the given operators of the default domain.
  package func maker(of value: String, _ types: String...) -> (id: NodeID, node: LoweredNode)? {
    guard let found = maker(of: value), found.node.operatorName.domain.isEmpty,
      types.contains(found.node.type)
    else { return nil }
    return found
  }

  /// Numbers of the nodes that read a value, one entry per operand.
  package func readers(of value: String) -> [NodeID] {
    guard let readers = readers[value] else { return [] }
    return readers.hasRemoved ? readers.ids.filter { slots[$0] != nil } : readers.ids
  }

  private func isRead(_ value: String) -> Bool { readers[value].map { $0.count > 0 } ?? false }

  /// Whether nothing but one operand of one node sees a value, so that it may vanish with that node.
  package func isInner(_ value: String) -> Bool {
    !barriers.contains(value) && readers[value]?.count == 1
  }

  /// The one node that reads a value, where the value may vanish.
  package func soleReader(of value: String) -> (id: NodeID, node: LoweredNode)? {
    guard isInner(value), let id = readers(of: value).first, let node = slots[id] else { return nil }
    return (id, node)
  }

  /// Type of a value.
  package func type(_ value: String) -> ValueType { graph.type(value) }

  /// Shape of a value.
  package func shape(_ value: String) -> Shape { graph.type(value).shape }

  /// The operands' types and known values of a node.
  package func inputTypes(of node: LoweredNode) -> InputTypes { graph.inputTypes(of: node) }

  /// The known value of a name.
  package func constant(_ value: String) -> Tensor? { graph.constants[value] }

  /// Whether a value is a frozen or trainable tensor rather than computed or fed.
  package func isParameter(_ value: String) -> Bool {
    graph.constants[value] != nil || graph.variables[value] != nil
  }

  /// The number that a constant of one element holds.
  package func scalar(_ value: String) -> Double? {
    guard let tensor = graph.constants[value], tensor.shape.elementCount == 1 else { return nil }
    return tensor.doubles?[0] ?? tensor.integers.map { Double($0[0]) }
  }

  /// How far a constant may be from the number that was meant, as a share of it: as exporters write numbers, or as the few bits
  /// of its type in the file hold them.
  package func uncertainty(of constant: String) -> Double {
    switch graph.storedTypes[constant] {
    case .float16: 0x1p-11
    case .bfloat16: 0x1p-8
    default: 1e-5
    }
  }

  /// Integers of a constant.
  package func integers(_ value: String) -> [Int]? { graph.constants[value]?.integers }

  /// The operand that is not the scalar, and the scalar, of a node of two operands.
  ///
  /// Nil where neither is a scalar constant, or where the scalar's rank stretches the result.
  package func scaled(_ node: LoweredNode) -> (value: String, scalar: Double, scalarIsFirst: Bool)? {
    guard node.inputs.count == 2 else { return nil }
    for (value, other, isFirst) in [
      (node.inputs[0], node.inputs[1], false), (node.inputs[1], node.inputs[0], true),
    ] {
      if let scalar = scalar(other), graph.constants[value] == nil,
        shape(value).rank >= shape(other).rank
      {
        return (value, scalar, isFirst)
      }
    }
    return nil
  }

  /// A value name that nobody uses.
  package mutating func freshName(_ hint: String) -> String {
    var name: String
    repeat {
      counter += 1
      name = "fused\(counter)/\(hint)"
    } while graph.types[name] != nil
    return name
  }

  /// Adds a constant and returns its name.
  package mutating func add(_ tensor: Tensor, named hint: String) -> String {
    let name = freshName(hint)
    graph.add(tensor, named: name)
    return name
  }

  /// Adds a vector of int64 and returns its name.
  package mutating func add(_ integers: [Int], named hint: String) throws(OperatorError) -> String {
    do { return add(try Tensor(integers.map(Int64.init)), named: hint) } catch {
      throw OperatorError(.outOfMemory, "no memory for a constant")
    }
  }

  /// Puts new nodes where the node `id` stands, which goes, with others that nothing else reads.
  ///
  /// The new nodes make what was read of `id`, with the same type, and have its origin.
  package mutating func replace(_ id: NodeID, with nodes: [LoweredNode]) throws(OperatorError) {
    let anchor = next[id]
    let operands = slots[id]?.inputs ?? []
    let origin = slots[id]?.origin
    let results = (slots[id]?.outputs ?? []).map { ($0, graph.types[$0]) }
    remove(id)
    for node in nodes { try insert(node, before: anchor, origin: origin) }
    for (name, type) in results where isRead(name) || barriers.contains(name) {
      precondition(graph.types[name] == type, "a rule changed the type of '\(name)'")
    }
    for operand in operands { removeIfUnread(operand) }
  }

  /// Lets all readers of `value` read `other`, and removes the node that makes it.
  ///
  /// Returns false where `value` has to stay and `other` can't take its name.
  package mutating func bypass(_ value: String, by other: String) -> Bool {
    guard let id = makers[value] else { return false }
    if !barriers.contains(value) {
      changeReads(from: value, to: other)
      remove(id)
      return true
    }
    // The value has to keep its name: the one in front of it takes it over where it may vanish itself.
    guard !barriers.contains(other), let source = makers[other] else { return false }
    remove(id)
    graph.types[value] = graph.types[other]
    if let node = slots[source] {
      var renamed = node
      renamed.outputs = node.outputs.map { $0 == other ? value : $0 }
      slots[source] = renamed
      makers[other] = nil
      makers[value] = source
    }
    changeReads(from: other, to: value)
    return true
  }

  /// Lets the readers of each first value read the second one, and removes the node `id` that makes the first ones.
  package mutating func merge(_ id: NodeID, into pairs: [(String, String)]) {
    for (value, other) in pairs where !value.isEmpty {
      precondition(!barriers.contains(value), "value '\(value)' has to stay")
      changeReads(from: value, to: other)
    }
    remove(id)
  }

  /// Notes that a rule left a place alone, once however often it looks there.
  package mutating func note(_ failure: MatchFailure) {
    guard noted.insert(failure).inserted else { return }
    failures.append(failure)
  }

  /// Whether a rule fits at one place, where `body` changes the graph; what it throws as a reason is noted.
  ///
  /// - Parameter body: gets the graph and how many of its steps fitted so far, which it counts; returns false where the place
  ///   is none of the rule's.
  /// - Throws: the operator error that `body` throws.
  mutating func attempt(_ body: (inout EditableGraph, inout Int) throws -> Bool) throws(OperatorError) -> Bool
  {
    var progress = 0
    do { return try body(&self, &progress) } catch var failure as MatchFailure {
      failure.progress = progress
      note(failure)
      return false
    } catch let error as OperatorError { throw error } catch {
      preconditionFailure("a rule fails with a reason or an operator error, not with \(error)")
    }
  }

  /// Drops a result that nobody reads from a node.
  package mutating func dropResult(_ position: Int, of id: NodeID) {
    guard let node = slots[id], position < node.outputs.count else { return }
    makers[node.outputs[position]] = nil
    var changed = node
    changed.outputs[position] = ""
    while changed.outputs.last == "" { changed.outputs.removeLast() }
    slots[id] = changed
  }
}

extension EditableGraph {
  private mutating func index(_ id: NodeID) {
    guard let node = slots[id] else { return }
    for output in node.outputs where !output.isEmpty { makers[output] = id }
    for input in node.inputs where !input.isEmpty { readers[input, default: Readers()].add([id]) }
  }

  private mutating func insert(_ node: LoweredNode, before anchor: NodeID, origin: LoweredNode.Origin?)
    throws(OperatorError)
  {
    var node = node
    node.origin = origin
    let types = try node.operation.inferTypes(graph.inputTypes(of: node))
    for (output, type) in zip(node.outputs, types) where !output.isEmpty { graph.types[output] = type }
    let id = slots.count
    slots.append(node)
    next.append(anchor)
    previous.append(previous[anchor])
    next[previous[anchor]] = id
    previous[anchor] = id
    index(id)
  }

  private mutating func remove(_ id: NodeID) {
    guard let node = slots[id] else { return }
    slots[id] = nil
    next[previous[id]] = next[id]
    previous[next[id]] = previous[id]
    for output in node.outputs where makers[output] == id { makers[output] = nil }
    let present = slots
    for input in node.inputs { readers[input]?.removeOne { present[$0] != nil } }
  }

  private mutating func removeIfUnread(_ value: String) {
    var pending = [value]
    while let value = pending.popLast() {
      guard !value.isEmpty, let id = makers[value], let node = slots[id],
        node.outputs.allSatisfy({ !isRead($0) && !barriers.contains($0) })
      else { continue }
      remove(id)
      pending += node.inputs
    }
  }

  /// Lets all readers of one value read another one.
  private mutating func changeReads(from value: String, to other: String) {
    let ids = readers(of: value)
    guard !ids.isEmpty else { return }
    for id in ids {
      guard var node = slots[id] else { continue }
      node.inputs = node.inputs.map { $0 == value ? other : $0 }
      slots[id] = node
    }
    readers[value] = nil
    readers[other, default: Readers()].add(ids)
  }
}

/// The nodes that read a value, one entry per operand.
///
/// A node that is removed stays in the list for a while, so that a value with many readers can lose one at no cost that grows with
/// their number.
private struct Readers {
  private(set) var ids: [EditableGraph.NodeID] = []
  private(set) var count = 0

  /// Whether the list has nodes that have been removed.
  var hasRemoved: Bool { count < ids.count }

  mutating func add(_ new: [EditableGraph.NodeID]) {
    ids += new
    count += new.count
  }

  /// Notes that one entry's node has been removed.
  mutating func removeOne(_ isPresent: (EditableGraph.NodeID) -> Bool) {
    count -= 1
    if ids.count > 2 * count + 8 { ids.removeAll { !isPresent($0) } }
  }
}
