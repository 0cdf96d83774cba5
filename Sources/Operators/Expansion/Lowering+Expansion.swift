import Graphs

extension Lowering.State {
  /// Adds a node of the file: itself, or the nodes that it stands for.
  ///
  /// - Parameter position: its place in the main graph once functions are inlined.
  mutating func add(_ read: ReadNode, at position: Int) throws(LoweringError) {
    switch read {
    case .operation(let operation): try add(operation, record.source.model.graph.nodes[position])
    case .expandable(let expandable):
      record.note([], at: position)
      try replace(record.source.model.graph.nodes[position], expandable, at: position)
    }
  }

  /// Adds the nodes that one stands for, and in their place those that they stand for.
  private mutating func replace(_ node: Node, _ expandable: any Expandable, at position: Int)
    throws(LoweringError)
  {
    var pending = try expanded(node, expandable)
    while let (inner, isComposed) = pending.popLast() {
      try check(inner)
      let read: ReadNode
      do {
        // Composed nodes broadcast, which arithmetic in files does from operator set 7 on.
        read = try lowering.read(inner, of: record.source.model, atLeast: isComposed ? 7 : 0)
      } catch { throw failure(error, at: inner) }
      switch read {
      case .operation(let operation):
        record.note([inner], at: position)
        try add(operation, inner)
      case .expandable(let other): pending += try expanded(inner, other)
      }
    }
  }

  /// The nodes that one stands for, the last one first.
  private mutating func expanded(_ node: Node, _ expandable: any Expandable) throws(LoweringError) -> [(
    node: Node, isComposed: Bool
  )] {
    do throws(OperatorError) {
      let nodes = try record.expand(expandable, at: site(of: node))
      guard record.expandedCount <= ExpansionRecord.nodeLimit else {
        throw OperatorError.unsupported(
          "the model's nodes stand for more than \(ExpansionRecord.nodeLimit) others, which is the limit")
      }
      return nodes.reversed().map { ($0, expandable is any Composition) }
    } catch { throw failure(error, at: node) }
  }

  private func site(of node: Node) -> ExpansionSite {
    ExpansionSite(
      node: node, inputs: graph.inputTypes(node.inputs, outputs: node.outputs),
      storedType: node.inputs.first.flatMap { graph.storedTypes[$0] },
      makers: node.inputs.map { makers[$0].map { graph.nodes[$0].operatorName } },
      operatorSet: lowering.version(of: "", in: record.source.model))
  }

  func failure(_ error: OperatorError, at node: Node) -> LoweringError {
    LoweringError(
      error, at: node.label, node.operatorName,
      version: lowering.version(of: node.operatorName.domain, in: record.source.model))
  }

  /// What ordering checks of the file's own nodes: that values are made once, and before they are read.
  private func check(_ node: Node) throws(LoweringError) {
    if let input = node.usedNames.first(where: { graph.types[$0] == nil }) {
      throw .graph("node '\(node.label)' reads '\(input)', which nothing makes", value: input)
    }
    if let output = node.outputs.first(where: { !$0.isEmpty && graph.types[$0] != nil }) {
      throw .graph("value '\(output)' is made twice, the second time by '\(node.label)'", value: output)
    }
  }
}
