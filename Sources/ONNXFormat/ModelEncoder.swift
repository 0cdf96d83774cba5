import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// Encodes the messages of a model.
///
/// What still has its `origin` is copied from the file it came from. Containers that changed are put together
/// from their parts in the order of fields they came in; every other changed message goes through protobuf-c.
struct ModelEncoder {
  /// Payloads above this many bytes are replaced by eight zero bytes; nil writes all of them.
  ///
  /// Only sensible for a model whose large tensors have lost their origin.
  var payloadLimit: Int?

  func model(_ model: ModelDescription) throws(FormatError) -> Encoded {
    if let origin = model.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Model
    let isNew = model.fieldOrder.isEmpty
    func isWritten(_ number: Int, _ isSet: Bool) -> protobuf_c_boolean {
      isSet || model.fieldOrder.contains(number) ? 1 : 0
    }
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__ModelProto.self) { message in
      unsafe message.pointee.has_ir_version = isWritten(Number.irVersion, isNew || model.irVersion != 0)
      unsafe message.pointee.ir_version = model.irVersion
      unsafe message.pointee.has_producer_name = model.producerName == nil ? 0 : 1
      unsafe message.pointee.producer_name = unsafe arena.data(model.producerName ?? "")
      unsafe message.pointee.has_producer_version = model.producerVersion == nil ? 0 : 1
      unsafe message.pointee.producer_version = unsafe arena.data(model.producerVersion ?? "")
      unsafe message.pointee.has_domain = model.domain == nil ? 0 : 1
      unsafe message.pointee.domain = unsafe arena.data(model.domain ?? "")
      unsafe message.pointee.has_model_version = model.modelVersion == nil ? 0 : 1
      unsafe message.pointee.model_version = model.modelVersion ?? 0
      unsafe message.pointee.has_doc_string = model.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(model.documentation ?? "")
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    fields.add(Number.graph, try graph(model.graph))
    for item in model.operatorSets { fields.add(Number.operatorSets, try operatorSet(item)) }
    for item in model.metadata { fields.add(Number.metadata, try metadataEntry(item)) }
    for item in model.training { fields.add(Number.training, try training(item)) }
    for item in model.functions { fields.add(Number.functions, try function(item)) }
    for item in model.deviceConfigurations { fields.add(Number.deviceConfigurations, Encoded(item)) }
    try fields.add(fieldsIn: model.unknownFields)
    return fields.joined(order: model.fieldOrder)
  }

  func graph(_ graph: Graph) throws(FormatError) -> Encoded {
    if let origin = graph.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Graph
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__GraphProto.self) { message in
      unsafe message.pointee.has_name =
        !graph.name.isEmpty || graph.fieldOrder.contains(Number.name) ? 1 : 0
      unsafe message.pointee.name = unsafe arena.data(graph.name)
      unsafe message.pointee.has_doc_string = graph.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(graph.documentation ?? "")
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    for item in graph.nodes { fields.add(Number.nodes, try node(item)) }
    for item in graph.initializers { fields.add(Number.initializers, try tensor(item)) }
    for item in graph.inputs { fields.add(Number.inputs, try value(item)) }
    for item in graph.outputs { fields.add(Number.outputs, try value(item)) }
    for item in graph.valueDescriptions { fields.add(Number.valueDescriptions, try value(item)) }
    for item in graph.sparseInitializers { fields.add(Number.sparseInitializers, try sparseTensor(item)) }
    for item in graph.quantizationAnnotations {
      fields.add(Number.quantizationAnnotations, try annotation(item))
    }
    for item in graph.metadata { fields.add(Number.metadata, try metadataEntry(item)) }
    try fields.add(fieldsIn: graph.unknownFields)
    return fields.joined(order: graph.fieldOrder)
  }

  func function(_ function: Function) throws(FormatError) -> Encoded {
    if let origin = function.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Function
    func isWritten(_ number: Int, _ text: String) -> protobuf_c_boolean {
      !text.isEmpty || function.fieldOrder.contains(number) ? 1 : 0
    }
    let name = function.operatorName
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__FunctionProto.self) { message in
      unsafe message.pointee.has_name = isWritten(Number.name, name.type)
      unsafe message.pointee.name = unsafe arena.data(name.type)
      unsafe message.pointee.has_domain = isWritten(Number.domain, name.domain)
      unsafe message.pointee.domain = unsafe arena.data(name.domain)
      unsafe message.pointee.has_overload = isWritten(Number.overload, name.overload)
      unsafe message.pointee.overload = unsafe arena.data(name.overload)
      unsafe message.pointee.n_input = function.inputs.count
      unsafe message.pointee.input = unsafe arena.data(function.inputs)
      unsafe message.pointee.n_output = function.outputs.count
      unsafe message.pointee.output = unsafe arena.data(function.outputs)
      unsafe message.pointee.n_attribute = function.attributeNames.count
      unsafe message.pointee.attribute = unsafe arena.data(function.attributeNames)
      unsafe message.pointee.has_doc_string = function.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(function.documentation ?? "")
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    for item in function.nodes { fields.add(Number.nodes, try node(item)) }
    for item in function.operatorSets { fields.add(Number.operatorSets, try operatorSet(item)) }
    for item in function.attributes { fields.add(Number.attributes, try attribute(item)) }
    for item in function.valueDescriptions { fields.add(Number.valueDescriptions, try value(item)) }
    for item in function.metadata { fields.add(Number.metadata, try metadataEntry(item)) }
    try fields.add(fieldsIn: function.unknownFields)
    return fields.joined(order: function.fieldOrder)
  }

  func training(_ training: TrainingDescription) throws(FormatError) -> Encoded {
    if let origin = training.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Training
    var fields = FieldCollection()
    if let item = training.initialization { fields.add(Number.initialization, try graph(item)) }
    if let item = training.algorithm { fields.add(Number.algorithm, try graph(item)) }
    for item in training.initializationBinding {
      fields.add(Number.initializationBinding, try metadataEntry(item))
    }
    for item in training.updateBinding { fields.add(Number.updateBinding, try metadataEntry(item)) }
    try fields.add(fieldsIn: training.unknownFields)
    return fields.joined()
  }

  func node(_ node: Node) throws(FormatError) -> Encoded {
    if let origin = node.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Node
    let name = node.operatorName
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__NodeProto.self) { message in
      unsafe message.pointee.n_input = node.inputs.count
      unsafe message.pointee.input = unsafe arena.data(node.inputs)
      unsafe message.pointee.n_output = node.outputs.count
      unsafe message.pointee.output = unsafe arena.data(node.outputs)
      unsafe message.pointee.has_name = node.name.isEmpty ? 0 : 1
      unsafe message.pointee.name = unsafe arena.data(node.name)
      unsafe message.pointee.has_op_type = 1
      unsafe message.pointee.op_type = unsafe arena.data(name.type)
      unsafe message.pointee.has_domain = name.domain.isEmpty ? 0 : 1
      unsafe message.pointee.domain = unsafe arena.data(name.domain)
      unsafe message.pointee.has_overload = name.overload.isEmpty ? 0 : 1
      unsafe message.pointee.overload = unsafe arena.data(name.overload)
      unsafe message.pointee.has_doc_string = node.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(node.documentation ?? "")
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    for item in node.attributes { fields.add(Number.attributes, try attribute(item)) }
    for item in node.metadata { fields.add(Number.metadata, try metadataEntry(item)) }
    for item in node.deviceConfigurations { fields.add(Number.deviceConfigurations, Encoded(item)) }
    try fields.add(fieldsIn: node.unknownFields)
    return fields.joined()
  }
}
