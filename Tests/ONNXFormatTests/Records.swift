import Graphs
import ONNXFormat
import Tensors

/// One field of an encoded message, read by the tests' own few lines.
struct Record {
  let number: Int
  let content: ArraySlice<UInt8>
}

/// The fields of a model and of its graph.
struct Records {
  let model: [Record]
  let graph: [Record]

  init(_ bytes: [UInt8]) throws {
    model = try Records.fields(bytes[...])
    graph = try Records.fields(model.first { $0.number == 7 }?.content ?? [])
  }

  struct Malformed: Error {}

  static func fields(_ bytes: ArraySlice<UInt8>) throws -> [Record] {
    var fields: [Record] = []
    var rest = bytes
    func varint() throws -> Int {
      var value = 0
      var shift = 0
      while let byte = rest.popFirst(), shift < 63 {
        value |= Int(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      throw Malformed()
    }
    while !rest.isEmpty {
      let tag = try varint()
      let start = rest.startIndex
      var length = 0
      switch tag & 7 {
      case 0:
        _ = try varint()
        fields.append(Record(number: tag >> 3, content: bytes[start..<rest.startIndex]))
        continue
      case 1: length = 8
      case 2: length = try varint()
      case 5: length = 4
      default: throw Malformed()
      }
      guard length <= rest.count else { throw Malformed() }
      fields.append(Record(number: tag >> 3, content: rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return fields
  }
}

/// A model as text for comparison: everything but the places it was read from and large contents.
struct Description: Equatable {
  let text: String

  init(_ model: ModelDescription) {
    var lines: [String] = []
    lines.append("\(model.irVersion) \(model.operatorSets.map { [$0.domain, "\($0.version)"] })")
    lines.append("\(String(describing: model.producerName)) \(String(describing: model.producerVersion))")
    lines.append("\(String(describing: model.domain)) \(String(describing: model.modelVersion))")
    lines.append("\(String(describing: model.documentation)) \(Description.entries(model.metadata))")
    lines.append("\(model.deviceConfigurations) \(model.unknownFields)")
    for item in model.training {
      lines.append("training \(item.initialization.map(Description.graph) ?? "-")")
      lines.append("step \(item.algorithm.map(Description.graph) ?? "-") \(item.unknownFields)")
      lines.append(Description.entries(item.initializationBinding) + Description.entries(item.updateBinding))
    }
    for function in model.functions {
      lines.append(
        "function \(function.operatorName.domain) \(function.operatorName) \(function.operatorName.overload)")
      lines.append(
        "\(function.inputs) \(function.outputs) \(function.attributeNames) \(function.unknownFields)")
      lines.append("\(function.operatorSets.map { [$0.domain, "\($0.version)"] })")
      lines.append("\(String(describing: function.documentation)) \(Description.entries(function.metadata))")
      lines += function.attributes.map(Description.attribute) + function.nodes.map(Description.node)
      lines += function.valueDescriptions.map(Description.value)
    }
    lines.append(Description.graph(model.graph))
    text = lines.joined(separator: "\n")
  }

  private static func entries(_ entries: [MetadataEntry]) -> String {
    "\(entries.map { [$0.key, $0.value] })"
  }

  private static func graph(_ graph: Graph) -> String {
    var lines = ["graph \(graph.name) \(String(describing: graph.documentation)) \(graph.unknownFields)"]
    lines += graph.nodes.map(node) + graph.initializers.map(tensor) + graph.sparseInitializers.map(sparse)
    for values in [graph.inputs, graph.outputs, graph.valueDescriptions] { lines += values.map(value) }
    for item in graph.quantizationAnnotations {
      lines.append("\(item.tensorName) \(entries(item.parameters)) \(item.unknownFields)")
    }
    lines.append(entries(graph.metadata))
    return lines.joined(separator: "\n")
  }

  private static func node(_ node: Node) -> String {
    "\(node.name) \(node.operatorName.domain) \(node.operatorName) \(node.operatorName.overload) \(node.inputs) "
      + "\(node.outputs) \(node.attributes.map(attribute)) \(String(describing: node.documentation)) "
      + "\(entries(node.metadata)) \(node.deviceConfigurations) \(node.unknownFields)"
  }

  private static func value(_ value: ValueDescription) -> String {
    "\(value.name) \(String(describing: value.type)) \(String(describing: value.documentation)) "
      + "\(entries(value.metadata)) \(value.unknownFields)"
  }

  private static func tensor(_ tensor: TensorConstant) -> String {
    let content =
      switch tensor.payload {
      case .strings(let strings, _): "\(strings)"
      case .dense(let elements): "\(elements.prefixBytes)"
      }
    return "\(tensor.name) \(tensor.elementType) \(tensor.shape) \(content) "
      + "\(String(describing: tensor.documentation)) \(entries(tensor.metadata)) \(tensor.unknownFields)"
  }

  private static func sparse(_ sparse: SparseTensorConstant) -> String {
    "\(tensor(sparse.values)) \(tensor(sparse.indices)) \(sparse.extents) \(sparse.unknownFields)"
  }

  private static func attribute(_ attribute: Attribute) -> String {
    let value =
      switch attribute.value {
      case .tensor(let item): tensor(item)
      case .tensors(let items): "\(items.map(tensor))"
      case .graph(let item): graph(item)
      case .graphs(let items): "\(items.map(graph))"
      case .sparseTensor(let item): sparse(item)
      case .sparseTensors(let items): "\(items.map(sparse))"
      default: "\(attribute.value)"
      }
    return
      "\(attribute.name) \(value) \(String(describing: attribute.documentation)) \(attribute.unknownFields)"
  }
}

extension Tensor {
  /// At most the first 256 bytes of the elements.
  fileprivate var prefixBytes: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0.prefix(256)) } }
}

extension ModelDescription {
  /// The same model with every message marked as changed, so that all of it is encoded anew.
  func touched() -> ModelDescription {
    var model = self
    model.graph = graph.touched()
    model.metadata = metadata.touched()
    for index in model.operatorSets.indices { model.operatorSets[index].version += 0 }
    for index in model.training.indices {
      model.training[index].initialization = training[index].initialization?.touched()
      model.training[index].algorithm = training[index].algorithm?.touched()
      model.training[index].initializationBinding = training[index].initializationBinding.touched()
      model.training[index].updateBinding = training[index].updateBinding.touched()
    }
    for index in model.functions.indices {
      model.functions[index].nodes = functions[index].nodes.map { $0.touched() }
      model.functions[index].attributes = functions[index].attributes.map { $0.touched() }
      model.functions[index].valueDescriptions = functions[index].valueDescriptions.map { $0.touched() }
      model.functions[index].metadata = functions[index].metadata.touched()
      for item in functions[index].operatorSets.indices {
        model.functions[index].operatorSets[item].version += 0
      }
    }
    return model
  }
}

extension [MetadataEntry] {
  fileprivate func touched() -> [MetadataEntry] { map { MetadataEntry(key: $0.key, value: $0.value) } }
}

extension Graph {
  fileprivate func touched() -> Graph {
    var graph = self
    graph.nodes = nodes.map { $0.touched() }
    graph.initializers = initializers.map { $0.touched() }
    graph.inputs = inputs.map { $0.touched() }
    graph.outputs = outputs.map { $0.touched() }
    graph.valueDescriptions = valueDescriptions.map { $0.touched() }
    graph.sparseInitializers = sparseInitializers.map { $0.touched() }
    graph.metadata = metadata.touched()
    for index in quantizationAnnotations.indices {
      graph.quantizationAnnotations[index].parameters = quantizationAnnotations[index].parameters.touched()
    }
    return graph
  }
}

extension Node {
  fileprivate func touched() -> Node {
    var node = self
    node.attributes = attributes.map { $0.touched() }
    node.metadata = metadata.touched()
    return node
  }
}

extension ValueDescription {
  fileprivate func touched() -> ValueDescription {
    var value = self
    value.metadata = metadata.touched()
    return value
  }
}

extension TensorConstant {
  fileprivate func touched() -> TensorConstant {
    var tensor = self
    tensor.metadata = metadata.touched()
    return tensor
  }
}

extension SparseTensorConstant {
  fileprivate func touched() -> SparseTensorConstant {
    var sparse = self
    sparse.values = values.touched()
    sparse.indices = indices.touched()
    return sparse
  }
}

extension Attribute {
  fileprivate func touched() -> Attribute {
    var attribute = self
    switch value {
    case .tensor(let item): attribute.value = .tensor(item.touched())
    case .tensors(let items): attribute.value = .tensors(items.map { $0.touched() })
    case .graph(let item): attribute.value = .graph(item.touched())
    case .graphs(let items): attribute.value = .graphs(items.map { $0.touched() })
    case .sparseTensor(let item): attribute.value = .sparseTensor(item.touched())
    case .sparseTensors(let items): attribute.value = .sparseTensors(items.map { $0.touched() })
    default: attribute.value = value
    }
    return attribute
  }
}
