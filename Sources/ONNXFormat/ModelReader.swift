import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// Reads the messages of a model from a mapped file.
///
/// Every message is taken apart by `SplitMessage`; only what is left, a few hundred bytes, goes through
/// protobuf-c. Each value gets its `origin` last, after its fields are filled.
struct ModelReader {
  /// Newest version of the file format that the schema of this program knows.
  static let newestIRVersion: Int64 = 14
  /// Newest version of ONNX's default operator set at that version of the format.
  static let newestOperatorSet: Int64 = 28
  /// Versions of the format and of ONNX's operator sets above these are no versions but damage.
  static let largestIRVersion: Int64 = 10_000
  static let largestOperatorSet: Int64 = 1000

  let external: ExternalData
  let census: Census

  func model(_ source: SourceBytes) throws(FormatError) -> ModelDescription {
    typealias Number = FieldNumber.Model
    let schema = unsafe Onnx__ModelProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: 0, census: census)
    guard let graphSource = try split.content(Number.graph) else {
      throw FormatError("holds no graph, so it is not an ONNX model", field: schema.name(of: Number.graph))
    }
    let graph = try graph(graphSource, depth: 1)
    var model = try unsafe split.decoding(Onnx__ModelProto.self) { message throws(FormatError) in
      var model = ModelDescription(
        irVersion: unsafe message.pointee.ir_version, operatorSets: [], graph: graph)
      model.producerName = unsafe text(message.pointee.has_producer_name, message.pointee.producer_name)
      model.producerVersion = unsafe text(
        message.pointee.has_producer_version, message.pointee.producer_version)
      model.domain = unsafe text(message.pointee.has_domain, message.pointee.domain)
      model.modelVersion =
        unsafe message.pointee.has_model_version != 0 ? message.pointee.model_version : nil
      model.documentation = unsafe text(message.pointee.has_doc_string, message.pointee.doc_string)
      return model
    }
    for item in try split.contents(Number.operatorSets) {
      model.operatorSets.append(try operatorSet(item, depth: 1))
    }
    model.metadata = try metadata(split.contents(Number.metadata), depth: 1)
    for item in try split.contents(Number.training) {
      model.training.append(try training(item, depth: 1))
    }
    for item in try split.contents(Number.functions) {
      model.functions.append(try function(item, depth: 1))
    }
    model.deviceConfigurations = try split.contents(Number.deviceConfigurations)
      .map { $0.storage.bytes($0.range) }
    try ModelReader.check(&model)
    model.unknownFields = split.unknown
    model.fieldOrder = split.fieldOrder
    model.sourcePath = external.modelPath
    model.origin = source
    return model
  }

  /// Refuses a header that no writer makes, and notes what is only unusual.
  private static func check(_ model: inout ModelDescription) throws(FormatError) {
    guard model.irVersion > 0, model.irVersion <= largestIRVersion else {
      throw FormatError(
        "says IR version \(model.irVersion), expected 1 to \(newestIRVersion)", field: "ModelProto.ir_version"
      )
    }
    if model.irVersion > newestIRVersion {
      model.warnings.append(
        "the file says IR version \(model.irVersion), the newest known is \(newestIRVersion); fields that it added are not looked at"
      )
    }
    var versions: [String: Int64] = [:]
    for set in model.operatorSets {
      let domain = set.domain == "ai.onnx" ? "" : set.domain
      let shown = domain.isEmpty ? "ai.onnx" : domain
      if domain.isEmpty || domain.hasPrefix("ai.onnx."), !(1...largestOperatorSet).contains(set.version) {
        throw FormatError(
          "imports version \(set.version) of operator set '\(shown)', which does not exist",
          field: "ModelProto.opset_import")
      }
      if domain.isEmpty, set.version > newestOperatorSet {
        model.warnings.append(
          "the file imports version \(set.version) of operator set '\(shown)', the newest known is \(newestOperatorSet); "
            + "operators are read as that one has them")
      }
      if let other = versions[domain], other != set.version {
        model.warnings.append(
          "operator set '\(shown)' is imported at versions \(other) and \(set.version); the first one counts")
      } else {
        versions[domain] = set.version
      }
    }
    guard !model.graph.outputs.isEmpty else {
      throw FormatError("the graph '\(model.graph.name)' has no outputs", field: "GraphProto.output")
    }
  }

  private static func refuseDuplicates(_ attributes: [Attribute]) throws(FormatError) {
    guard attributes.count > 1 else { return }
    var seen: Set<String> = []
    for attribute in attributes where !seen.insert(attribute.name).inserted {
      throw FormatError("attribute '\(attribute.name)' is there twice", field: attribute.name)
    }
  }

  func graph(_ source: SourceBytes, depth: Int) throws(FormatError) -> Graph {
    typealias Number = FieldNumber.Graph
    let schema = unsafe Onnx__GraphProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    var graph = try unsafe split.decoding(Onnx__GraphProto.self) { message throws(FormatError) in
      var graph = Graph(name: try unsafe name(message.pointee.name, "name of a graph"))
      graph.documentation = unsafe text(message.pointee.has_doc_string, message.pointee.doc_string)
      return graph
    }
    // Without growth, which takes twice the memory for a moment.
    graph.nodes.reserveCapacity(split.count(Number.nodes))
    graph.initializers.reserveCapacity(split.count(Number.initializers))
    graph.inputs.reserveCapacity(split.count(Number.inputs))
    graph.outputs.reserveCapacity(split.count(Number.outputs))
    graph.valueDescriptions.reserveCapacity(split.count(Number.valueDescriptions))
    for field in split.cut {
      let item = try split.content(field)
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
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    var node = try unsafe split.decoding(Onnx__NodeProto.self) { message throws(FormatError) in
      let operatorName = try unsafe OperatorName(
        name(message.pointee.op_type, "op_type"), domain: name(message.pointee.domain, "domain"),
        overload: name(message.pointee.overload, "overload"))
      var node = try unsafe Node(
        operatorName, name: name(message.pointee.name, "name of a node"),
        inputs: names(message.pointee.input, message.pointee.n_input, "input of a node"),
        outputs: names(message.pointee.output, message.pointee.n_output, "output of a node"))
      node.documentation = unsafe text(message.pointee.has_doc_string, message.pointee.doc_string)
      return node
    }
    do throws(FormatError) {
      node.attributes.reserveCapacity(split.count(Number.attributes))
      for item in try split.contents(Number.attributes) {
        node.attributes.append(try attribute(item, depth: depth + 1))
      }
      try ModelReader.refuseDuplicates(node.attributes)
      node.metadata = try metadata(split.contents(Number.metadata), depth: depth + 1)
      node.deviceConfigurations = try split.contents(Number.deviceConfigurations)
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
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    var function = try unsafe split.decoding(Onnx__FunctionProto.self) { message throws(FormatError) in
      let operatorName = try unsafe OperatorName(
        name(message.pointee.name, "name of a function"), domain: name(message.pointee.domain, "domain"),
        overload: name(message.pointee.overload, "overload"))
      var function = try unsafe Function(
        operatorName, inputs: names(message.pointee.input, message.pointee.n_input, "input of a function"),
        outputs: names(message.pointee.output, message.pointee.n_output, "output of a function"), nodes: [])
      function.attributeNames = try unsafe names(
        message.pointee.attribute, message.pointee.n_attribute, "attribute of a function")
      function.documentation = unsafe text(message.pointee.has_doc_string, message.pointee.doc_string)
      return function
    }
    function.nodes.reserveCapacity(split.count(Number.nodes))
    for item in try split.contents(Number.nodes) {
      function.nodes.append(try node(item, depth: depth + 1))
    }
    for item in try split.contents(Number.operatorSets) {
      function.operatorSets.append(try operatorSet(item, depth: depth + 1))
    }
    for item in try split.contents(Number.attributes) {
      function.attributes.append(try attribute(item, depth: depth + 1))
    }
    try ModelReader.refuseDuplicates(function.attributes)
    for item in try split.contents(Number.valueDescriptions) {
      function.valueDescriptions.append(try value(item, depth: depth + 1))
    }
    function.metadata = try metadata(split.contents(Number.metadata), depth: depth + 1)
    function.unknownFields = split.unknown
    function.fieldOrder = split.fieldOrder
    function.origin = source
    return function
  }

  func training(_ source: SourceBytes, depth: Int) throws(FormatError) -> TrainingDescription {
    typealias Number = FieldNumber.Training
    let schema = unsafe Onnx__TrainingInfoProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    var training = TrainingDescription()
    if let item = try split.content(Number.initialization) {
      training.initialization = try graph(item, depth: depth + 1)
    }
    if let item = try split.content(Number.algorithm) {
      training.algorithm = try graph(item, depth: depth + 1)
    }
    training.initializationBinding = try metadata(
      split.contents(Number.initializationBinding), depth: depth + 1)
    training.updateBinding = try metadata(
      split.contents(Number.updateBinding), depth: depth + 1)
    training.unknownFields = split.unknown
    training.origin = source
    return training
  }

  func operatorSet(_ source: SourceBytes, depth: Int) throws(FormatError) -> OperatorSet {
    let split = try SplitMessage(
      source, unsafe Onnx__OperatorSetIdProto.descriptor, cutting: [], depth: depth, census: census)
    var set = try unsafe split.decoding(Onnx__OperatorSetIdProto.self) { message throws(FormatError) in
      try unsafe OperatorSet(
        domain: name(message.pointee.domain, "domain of an operator set"), version: message.pointee.version)
    }
    set.origin = source
    return set
  }

  func metadata(_ sources: [SourceBytes], depth: Int) throws(FormatError) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    entries.reserveCapacity(sources.count)
    for source in sources { entries.append(try metadataEntry(source, depth: depth)) }
    return entries
  }

  func metadataEntry(_ source: SourceBytes, depth: Int) throws(FormatError) -> MetadataEntry {
    let split = try SplitMessage(
      source, unsafe Onnx__StringStringEntryProto.descriptor, cutting: [], depth: depth, census: census)
    var entry = try unsafe split.decoding(Onnx__StringStringEntryProto.self) { message throws(FormatError) in
      unsafe MetadataEntry(
        key: text(message.pointee.key), value: text(message.pointee.value))
    }
    entry.origin = source
    return entry
  }

  func annotation(_ source: SourceBytes, depth: Int) throws(FormatError) -> QuantizationAnnotation {
    let schema = unsafe Onnx__TensorAnnotation.descriptor
    let split = try SplitMessage(
      source, schema, cutting: FieldNumber.Annotation.cut, depth: depth, census: census)
    let name = try unsafe split.decoding(Onnx__TensorAnnotation.self) { message throws(FormatError) in
      try unsafe ONNXFormat.name(message.pointee.tensor_name, "tensor_name")
    }
    var annotation = QuantizationAnnotation(
      tensorName: name,
      parameters: try metadata(
        split.contents(FieldNumber.Annotation.parameters), depth: depth + 1))
    annotation.unknownFields = split.unknown
    annotation.origin = source
    return annotation
  }

  func value(_ source: SourceBytes, depth: Int) throws(FormatError) -> ValueDescription {
    let schema = unsafe Onnx__ValueInfoProto.descriptor
    let split = try SplitMessage(source, schema, cutting: FieldNumber.Value.cut, depth: depth, census: census)
    var value = try unsafe split.decoding(Onnx__ValueInfoProto.self) { message throws(FormatError) in
      let name = try unsafe ONNXFormat.name(message.pointee.name, "name of a value")
      do throws(FormatError) {
        var type: TypeDescription?
        if let pointer = unsafe message.pointee.type { type = try unsafe TypeDescription(decoded: pointer) }
        return unsafe ValueDescription(
          name: name, type: type,
          documentation: text(message.pointee.has_doc_string, message.pointee.doc_string))
      } catch {
        throw error.located(tensor: name)
      }
    }
    value.metadata = try metadata(split.contents(FieldNumber.Value.metadata), depth: depth + 1)
    value.unknownFields = split.unknown
    value.origin = source
    return value
  }
}
