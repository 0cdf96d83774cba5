package import Graphs
package import Tensors

/// Typed reading of a node's attributes, each once, with its default beside its name.
package struct AttributeReader {
  /// The node.
  package let node: Node
  /// Version of the operator's domain that the model imports.
  package let version: Int
  /// What the operator asked for.
  package let names: AttributeNames

  /// A reader of a node of a model that imports `version` of the node's domain.
  package init(_ node: Node, version: Int, names: AttributeNames = AttributeNames()) {
    self.node = node
    self.version = version
    self.names = names
  }

  /// Number of results that the node names, trailing absent ones left out.
  package var outputCount: Int { (node.outputs.lastIndex { !$0.isEmpty } ?? -1) + 1 }

  /// Number of operands that the node names, trailing absent ones left out.
  package var inputCount: Int { (node.inputs.lastIndex { !$0.isEmpty } ?? -1) + 1 }

  /// Whether the attribute is there.
  package func has(_ name: String) -> Bool { value(name, .unread) != nil }

  /// Names attributes that ONNX defines and that change nothing here, so that they are not taken for mistakes.
  package func knows(_ others: String...) { for name in others { names.insert(name, .unread) } }

  private func value(_ name: String, _ kind: AttributeNames.Kind) -> Attribute.Value? {
    names.insert(name, kind)
    return node.attribute(name)
  }

  /// An integer, or nil where it is absent.
  package func optionalInt(_ name: String) throws(OperatorError) -> Int? {
    switch value(name, .int) {
    case nil: return nil
    case .int(let value): return Int(value)
    default: throw wrongType(name, "an integer")
    }
  }

  /// An integer with a default.
  package func int(_ name: String, default fallback: Int) throws(OperatorError) -> Int {
    try optionalInt(name) ?? fallback
  }

  /// An integer that must be there.
  package func int(_ name: String) throws(OperatorError) -> Int {
    guard let value = try optionalInt(name) else { throw missing(name) }
    return value
  }

  /// A truth value stored as integer.
  package func flag(_ name: String, default fallback: Bool) throws(OperatorError) -> Bool {
    try int(name, default: fallback ? 1 : 0) != 0
  }

  /// A float, or nil where it is absent.
  package func optionalFloat(_ name: String) throws(OperatorError) -> Float? {
    switch value(name, .float) {
    case nil: return nil
    case .float(let value): return value
    default: throw wrongType(name, "a float")
    }
  }

  /// A float with a default.
  package func float(_ name: String, default fallback: Float) throws(OperatorError) -> Float {
    try optionalFloat(name) ?? fallback
  }

  /// Integers, or nil where they are absent.
  package func optionalInts(_ name: String) throws(OperatorError) -> [Int]? {
    switch value(name, .ints) {
    case nil: return nil
    case .ints(let values): return values.map { Int($0) }
    default: throw wrongType(name, "a list of integers")
    }
  }

  /// Floats, or nil where they are absent.
  package func optionalFloats(_ name: String) throws(OperatorError) -> [Float]? {
    switch value(name, .floats) {
    case nil: return nil
    case .floats(let values): return values
    default: throw wrongType(name, "a list of floats")
    }
  }

  /// Text with a default.
  package func text(_ name: String, default fallback: String) throws(OperatorError) -> String {
    switch value(name, .text) {
    case nil: return fallback
    case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
    default: throw wrongType(name, "text")
    }
  }

  /// A tensor in the type that its elements are computed with in, or nil where it is absent.
  package func optionalTensor(_ name: String) throws(OperatorError) -> Tensor? {
    switch value(name, .tensor) {
    case nil: return nil
    case .tensor(let constant):
      guard let tensor = constant.tensor else {
        throw .unsupported("attribute '\(name)' holds strings")
      }
      do { return try tensor.computable() } catch {
        throw OperatorError(.outOfMemory, "no memory for '\(name)'")
      }
    default: throw wrongType(name, "a tensor")
    }
  }

  /// An element type by its ONNX number, or nil where the attribute is absent: for floats of 16 bits the one in which they are
  /// computed with.
  package func optionalElementType(_ name: String) throws(OperatorError) -> ElementType? {
    guard let number = try optionalInt(name) else { return nil }
    guard let exact = Int32(exactly: number), let type = ElementType(rawValue: exact) else {
      throw .invalid("attribute '\(name)' is \(number), which is no element type")
    }
    return type.computed ?? type
  }

  /// A shape that has to be there.
  package func shape(_ name: String) throws(OperatorError) -> Shape {
    guard let extents = try optionalInts(name), let shape = Shape(checking: extents) else {
      throw missing(name)
    }
    return shape
  }

  /// Refuses by name any value of an integer attribute but the one that is implemented, which is also its default.
  package func require(_ name: String, is expected: Int) throws(OperatorError) {
    let value = try int(name, default: expected)
    guard value == expected else {
      throw .unsupported("attribute '\(name)' is \(value), only \(expected) is implemented")
    }
  }

  /// Refuses by name any value of a text attribute but the given ones; the first is the default.
  package func text(_ name: String, oneOf known: [String]) throws(OperatorError) -> String {
    let value = try text(name, default: known[0])
    guard known.contains(value) else {
      throw .unsupported("attribute '\(name)' is '\(value)', known: \(known.joined(separator: ", "))")
    }
    return value
  }

  private func wrongType(_ name: String, _ expected: String) -> OperatorError {
    .invalid("attribute '\(name)' is not \(expected)")
  }

  private func missing(_ name: String) -> OperatorError { .invalid("lacks attribute '\(name)'") }
}
