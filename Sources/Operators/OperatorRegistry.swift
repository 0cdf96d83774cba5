package import Graphs

/// The operators that are implemented, by name.
///
/// One explicit list; no registration by magic.
package struct OperatorRegistry: Sendable {
  private let operators: [OperatorName: any Operator.Type]
  private let expandables: [OperatorName: any Expandable.Type]

  /// A registry of the given operators, and of those that stand for others.
  ///
  /// Two with one name are a broken invariant, except for an operator of which some forms stand for others.
  package init(_ operators: [any Operator.Type], expandables: [any Expandable.Type] = []) {
    self.operators = Dictionary(operators.map { ($0.schema.name, $0) }) { first, _ in
      preconditionFailure("operator \(first.schema.name) is registered twice")
    }
    self.expandables = Dictionary(expandables.map { ($0.schema.name, $0) }) { first, _ in
      preconditionFailure("operator \(first.schema.name) is registered twice")
    }
  }

  /// Everything that this version implements.
  package static let standard = OperatorRegistry(
    arithmetic + activations + linear + normalization + pooling + reduction + shaping + indexing + logic
      + constants
      + training + fused, expandables: expandables)

  /// Whether a domain holds operators that plans are made of and files never are.
  package static func isInternal(_ domain: String) -> Bool { domain.hasPrefix("dka.") }

  /// The operator of a name, or nil.
  package subscript(name: OperatorName) -> (any Operator.Type)? {
    operators[OperatorName(name.type, domain: name.domain)]
  }

  /// Whether nodes of a name stand for others.
  package func expands(_ name: OperatorName) -> Bool {
    expandables[OperatorName(name.type, domain: name.domain)] != nil
  }

  /// Every registered operator's schema, sorted by name.
  package var schemas: [OperatorSchema] {
    operators.values.map { $0.schema }.sorted { $0.name.description < $1.name.description }
  }

  /// The schemas of those that stand for others, sorted by name.
  package var expandableSchemas: [OperatorSchema] {
    expandables.values.map { $0.schema }.sorted { $0.name.description < $1.name.description }
  }

  /// Reads a node's operator.
  ///
  /// - Parameter names: collects the attributes that the operator knows.
  /// - Throws: `unsupported` for an unknown operator or version, `invalid` where the node breaks its rules.
  package func lower(_ node: Node, version: Int, names: AttributeNames = AttributeNames())
    throws(OperatorError) -> ReadOperation
  {
    guard let type = self[node.operatorName] else {
      throw .unsupported("operator \(node.operatorName) is not implemented")
    }
    let reader = try reader(node, type.schema, version, names)
    let operation = try type.init(reading: reader)
    let operands = try (type as? any OlderForm.Type)?.operands(of: reader) ?? reader.operands
    return ReadOperation(operation, operands, of: node)
  }

  /// Reads what a node of a file stands for: its operator, or other nodes.
  ///
  /// - Parameter names: collects the attributes that the operator knows.
  /// - Throws: as `lower`.
  package func read(_ node: Node, version: Int, names: AttributeNames = AttributeNames())
    throws(OperatorError) -> ReadNode
  {
    let name = node.operatorName
    if let type = expandables[OperatorName(name.type, domain: name.domain)] {
      let expandable = try type.init(reading: try reader(node, type.schema, version, names))
      if expandable.isExpanded { return .expandable(expandable) }
    }
    return .operation(try lower(node, version: version, names: names))
  }

  private func reader(_ node: Node, _ schema: OperatorSchema, _ version: Int, _ names: AttributeNames)
    throws(OperatorError) -> AttributeReader
  {
    guard schema.versions.contains(version) else {
      throw .unsupported(
        "operator \(node.operatorName) is implemented from version \(schema.versions.lowerBound), "
          + "the model imports version \(version)")
    }
    try schema.checkArity(of: node)
    return AttributeReader(node, version: version, names: names)
  }
}

/// What a node of a file stands for.
package enum ReadNode: Sendable {
  /// Itself, with its operator read.
  case operation(ReadOperation)
  /// Other nodes.
  case expandable(any Expandable)
}
