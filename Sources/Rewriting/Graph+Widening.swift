package import Graphs
import Operators
import Tensors

extension Graph {
  /// This graph with some initializers of 16 bits in float32, in which they can learn in small steps, and behind each a Cast to
  /// the type in which the file's nodes read them.
  ///
  ///     w float16 → nodes          w float32 → Cast → nodes
  ///
  /// Names that are no such initializers are passed over.
  package func widening(_ names: [String], metadata: [MetadataEntry]) throws -> Graph {
    let wanted = Set(names)
    var result = self
    var types: [String: ElementType] = [:]
    for index in initializers.indices where wanted.contains(initializers[index].name) {
      guard let tensor = initializers[index].tensor, let wide = tensor.elementType.computed,
        wide != tensor.elementType
      else { continue }
      types[initializers[index].name] = tensor.elementType
      result.initializers[index].payload = .dense(try tensor.computable())
    }
    guard !types.isEmpty else { return self }
    var patch = GraphPatch(label: "widening")
    for name in initializers.map(\.name) {
      guard let type = types[name] else { continue }
      let cast = "dka/\(type.name)/\(name)"
      patch.add(
        Node(
          OperatorName("Cast"), name: cast, inputs: [name], outputs: [cast],
          attributes: [Attribute("to", Int(type.rawValue))], metadata: metadata))
      patch.rewire(name, to: cast, includingOutputs: false)
    }
    for index in result.inputs.indices { result.inputs[index].widen(where: types) }
    for index in result.valueDescriptions.indices { result.valueDescriptions[index].widen(where: types) }
    return try result.applying(patch)
  }
}

extension ValueDescription {
  /// Declares an initializer that is listed among inputs or values in the type that it has now.
  fileprivate mutating func widen(where types: [String: ElementType]) {
    guard let wide = types[name]?.computed, case .tensor(_, let shape)? = type?.kind else { return }
    type = TypeDescription(
      .tensor(elementType: wide.rawValue, shape: shape), denotation: type?.denotation)
  }
}
