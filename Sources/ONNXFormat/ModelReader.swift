import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// Reads the messages of a model from a mapped file.
///
/// Every message is taken apart by `SplitMessage`; only what is left, a few hundred bytes, goes through
/// protobuf-c. Each value gets its `origin` last, after its fields are filled.
struct ModelReader {
  let external: ExternalData

  func model(_ source: SourceBytes) throws(FormatError) -> ModelDescription {
    typealias Number = FieldNumber.Model
    let schema = unsafe Onnx__ModelProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: 0)
    guard let graphSource = try split.content(Number.graph, of: schema) else {
      throw FormatError("holds no graph, so it is not an ONNX model")
    }
    let graph = try graph(graphSource, depth: 1)
    var model = try unsafe split.decoding(Onnx__ModelProto.self) { message throws(FormatError) in
      var model = ModelDescription(
        irVersion: unsafe message.pointee.ir_version, operatorSets: [], graph: graph)
      model.producerName = try unsafe text(
        message.pointee.has_producer_name, message.pointee.producer_name, "producer_name")
      model.producerVersion = try unsafe text(
        message.pointee.has_producer_version, message.pointee.producer_version, "producer_version")
      model.domain = try unsafe text(message.pointee.has_domain, message.pointee.domain, "domain")
      model.modelVersion =
        unsafe message.pointee.has_model_version != 0 ? message.pointee.model_version : nil
      model.documentation = unsafe documentation(message.pointee.has_doc_string, message.pointee.doc_string)
      return model
    }
    for item in try split.contents(Number.operatorSets, of: schema) {
      model.operatorSets.append(try operatorSet(item, depth: 1))
    }
    model.metadata = try metadata(split.contents(Number.metadata, of: schema), depth: 1)
    for item in try split.contents(Number.training, of: schema) {
      model.training.append(try training(item, depth: 1))
    }
    for item in try split.contents(Number.functions, of: schema) {
      model.functions.append(try function(item, depth: 1))
    }
    model.deviceConfigurations = try split.contents(Number.deviceConfigurations, of: schema)
      .map { $0.storage.bytes($0.range) }
    model.unknownFields = split.unknown
    model.fieldOrder = split.fieldOrder
    model.sourcePath = external.modelPath
    model.origin = source
    return model
  }

  func graph(_ source: SourceBytes, depth: Int) throws(FormatError) -> Graph {
    typealias Number = FieldNumber.Graph
    let schema = unsafe Onnx__GraphProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth)
    var graph = try unsafe split.decoding(Onnx__GraphProto.self) { message throws(FormatError) in
      var graph = Graph(name: try unsafe text(message.pointee.name, "name of a graph"))
      graph.documentation = unsafe documentation(message.pointee.has_doc_string, message.pointee.doc_string)
      return graph
    }
    for field in split.cut {
      guard field.encoding == .bytes else { throw SplitMessage.wrongType(field, in: schema) }
      let item = SourceBytes(storage: source.storage, range: field.content)
      switch field.number {
      case Number.nodes: graph.nodes.append(try node(item, depth: depth + 1))
      case Number.initializers: graph.initializers.append(try tensor(item, depth: depth + 1))
      case Number.inputs: graph.inputs.append(try value(item, depth: depth + 1))
      case Number.outputs: graph.outputs.append(try value(item, depth: depth + 1))
      case Number.valueDescriptions: graph.valueDescriptions.append(try value(item, depth: depth + 1))
      case Number.sparseInitializers:
        graph.sparseInitializers.append(try sparseTensor(item, depth: depth + 1))
      case Number.quantizationAnnotations:
        graph.quantizationAnnotations.append(try annotation(item, depth: depth + 1))
      default: graph.metadata.append(try metadataEntry(item, depth: depth + 1))
      }
    }
    graph.unknownFields = split.unknown
    graph.fieldOrder = split.fieldOrder
    graph.origin = source
    return graph
  }

  func node(_ source: SourceBytes, depth: Int) throws(FormatError) -> Node {
    typealias Number = FieldNumber.Node
    let schema = unsafe Onnx__NodeProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth)
    var node = try unsafe split.decoding(Onnx__NodeProto.self) { message throws(FormatError) in
      let name = try unsafe OperatorName(
        text(message.pointee.op_type, "op_type"), domain: text(message.pointee.domain, "domain"),
        overload: text(message.pointee.overload, "overload"))
      var node = try unsafe Node(
        name, name: text(message.pointee.name, "name of a node"),
        inputs: texts(message.pointee.input, message.pointee.n_input, "input of a node"),
        outputs: texts(message.pointee.output, message.pointee.n_output, "output of a node"))
      node.documentation = unsafe documentation(message.pointee.has_doc_string, message.pointee.doc_string)
      return node
    }
    do throws(FormatError) {
      for item in try split.contents(Number.attributes, of: schema) {
        node.attributes.append(try attribute(item, depth: depth + 1))
      }
      node.metadata = try metadata(split.contents(Number.metadata, of: schema), depth: depth + 1)
      node.deviceConfigurations = try split.contents(Number.deviceConfigurations, of: schema)
        .map { $0.storage.bytes($0.range) }
    } catch {
      throw error.located(node: node.label)
    }
    node.unknownFields = split.unknown
    node.origin = source
    return node
  }

  func function(_ source: SourceBytes, depth: Int) throws(FormatError) -> Function {
    typealias Number = FieldNumber.Function
    let schema = unsafe Onnx__FunctionProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth)
    var function = try unsafe split.decoding(Onnx__FunctionProto.self) { message throws(FormatError) in
      let name = try unsafe OperatorName(
        text(message.pointee.name, "name of a function"), domain: text(message.pointee.domain, "domain"),
        overload: text(message.pointee.overload, "overload"))
      var function = try unsafe Function(
        name, inputs: texts(message.pointee.input, message.pointee.n_input, "input of a function"),
        outputs: texts(message.pointee.output, message.pointee.n_output, "output of a function"), nodes: [])
      function.attributeNames = try unsafe texts(
        message.pointee.attribute, message.pointee.n_attribute, "attribute of a function")
      function.documentation = unsafe documentation(
        message.pointee.has_doc_string, message.pointee.doc_string)
      return function
    }
    for item in try split.contents(Number.nodes, of: schema) {
      function.nodes.append(try node(item, depth: depth + 1))
    }
    for item in try split.contents(Number.operatorSets, of: schema) {
      function.operatorSets.append(try operatorSet(item, depth: depth + 1))
    }
    for item in try split.contents(Number.attributes, of: schema) {
      function.attributes.append(try attribute(item, depth: depth + 1))
    }
    for item in try split.contents(Number.valueDescriptions, of: schema) {
      function.valueDescriptions.append(try value(item, depth: depth + 1))
    }
    function.metadata = try metadata(split.contents(Number.metadata, of: schema), depth: depth + 1)
    function.unknownFields = split.unknown
    function.fieldOrder = split.fieldOrder
    function.origin = source
    return function
  }

  func training(_ source: SourceBytes, depth: Int) throws(FormatError) -> TrainingDescription {
    typealias Number = FieldNumber.Training
    let schema = unsafe Onnx__TrainingInfoProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth)
    var training = TrainingDescription()
    if let item = try split.content(Number.initialization, of: schema) {
      training.initialization = try graph(item, depth: depth + 1)
    }
    if let item = try split.content(Number.algorithm, of: schema) {
      training.algorithm = try graph(item, depth: depth + 1)
    }
    training.initializationBinding = try metadata(
      split.contents(Number.initializationBinding, of: schema), depth: depth + 1)
    training.updateBinding = try metadata(
      split.contents(Number.updateBinding, of: schema), depth: depth + 1)
    training.unknownFields = split.unknown
    training.origin = source
    return training
  }

  func operatorSet(_ source: SourceBytes, depth: Int) throws(FormatError) -> OperatorSet {
    let split = try SplitMessage(
      source, unsafe Onnx__OperatorSetIdProto.descriptor, cutting: [], depth: depth)
    var set = try unsafe split.decoding(Onnx__OperatorSetIdProto.self) { message throws(FormatError) in
      try unsafe OperatorSet(
        domain: text(message.pointee.domain, "domain of an operator set"), version: message.pointee.version)
    }
    set.origin = source
    return set
  }

  func metadata(_ sources: [SourceBytes], depth: Int) throws(FormatError) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    for source in sources { entries.append(try metadataEntry(source, depth: depth)) }
    return entries
  }

  func metadataEntry(_ source: SourceBytes, depth: Int) throws(FormatError) -> MetadataEntry {
    let split = try SplitMessage(
      source, unsafe Onnx__StringStringEntryProto.descriptor, cutting: [], depth: depth)
    var entry = try unsafe split.decoding(Onnx__StringStringEntryProto.self) { message throws(FormatError) in
      try unsafe MetadataEntry(
        key: text(message.pointee.key, "metadata key"),
        value: documentation(message.pointee.has_value, message.pointee.value) ?? "")
    }
    entry.origin = source
    return entry
  }

  func annotation(_ source: SourceBytes, depth: Int) throws(FormatError) -> QuantizationAnnotation {
    let schema = unsafe Onnx__TensorAnnotation.descriptor
    let split = try SplitMessage(source, schema, cutting: FieldNumber.Annotation.cut, depth: depth)
    let name = try unsafe split.decoding(Onnx__TensorAnnotation.self) { message throws(FormatError) in
      try unsafe text(message.pointee.tensor_name, "tensor_name")
    }
    var annotation = QuantizationAnnotation(
      tensorName: name,
      parameters: try metadata(
        split.contents(FieldNumber.Annotation.parameters, of: schema), depth: depth + 1))
    annotation.unknownFields = split.unknown
    annotation.origin = source
    return annotation
  }

  func value(_ source: SourceBytes, depth: Int) throws(FormatError) -> ValueDescription {
    let schema = unsafe Onnx__ValueInfoProto.descriptor
    let split = try SplitMessage(source, schema, cutting: FieldNumber.Value.cut, depth: depth)
    var value = try unsafe split.decoding(Onnx__ValueInfoProto.self) { message throws(FormatError) in
      let name = try unsafe text(message.pointee.name, "name of a value")
      do throws(FormatError) {
        var type: TypeDescription?
        if let pointer = unsafe message.pointee.type { type = try unsafe TypeDescription(decoded: pointer) }
        return unsafe ValueDescription(
          name: name, type: type,
          documentation: documentation(message.pointee.has_doc_string, message.pointee.doc_string))
      } catch {
        throw error.located(tensor: name)
      }
    }
    value.metadata = try metadata(split.contents(FieldNumber.Value.metadata, of: schema), depth: depth + 1)
    value.unknownFields = split.unknown
    value.origin = source
    return value
  }
}
