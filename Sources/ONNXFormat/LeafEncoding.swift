import CONNXProto
import CProtobufC
import Graphs
import Tensors

extension ModelEncoder {
  func operatorSet(_ set: OperatorSet) throws(FormatError) -> Encoded {
    if let origin = set.origin { return Encoded(origin) }
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__OperatorSetIdProto.self) { message in
      unsafe message.pointee.has_domain = 1
      unsafe message.pointee.domain = unsafe arena.data(set.domain)
      unsafe message.pointee.has_version = 1
      unsafe message.pointee.version = set.version
    }
    return try unsafe Encoded(whole: arena.packed(message))
  }

  func metadataEntry(_ entry: MetadataEntry) throws(FormatError) -> Encoded {
    if let origin = entry.origin { return Encoded(origin) }
    let arena = EncodingArena()
    let message = unsafe arena.message(entry)
    return try unsafe Encoded(whole: arena.packed(message))
  }

  func annotation(_ annotation: QuantizationAnnotation) throws(FormatError) -> Encoded {
    if let origin = annotation.origin { return Encoded(origin) }
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__TensorAnnotation.self) { message in
      unsafe message.pointee.has_tensor_name = 1
      unsafe message.pointee.tensor_name = unsafe arena.data(annotation.tensorName)
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    for item in annotation.parameters {
      fields.add(FieldNumber.Annotation.parameters, try metadataEntry(item))
    }
    try fields.add(fieldsIn: annotation.unknownFields)
    return fields.joined()
  }

  func value(_ value: ValueDescription) throws(FormatError) -> Encoded {
    if let origin = value.origin { return Encoded(origin) }
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__ValueInfoProto.self) { message in
      unsafe message.pointee.has_name = 1
      unsafe message.pointee.name = unsafe arena.data(value.name)
      if let type = value.type { unsafe message.pointee.type = unsafe arena.message(type) }
      unsafe message.pointee.has_doc_string = value.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(value.documentation ?? "")
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    for item in value.metadata { fields.add(FieldNumber.Value.metadata, try metadataEntry(item)) }
    try fields.add(fieldsIn: value.unknownFields)
    return fields.joined()
  }

  func attribute(_ attribute: Attribute) throws(FormatError) -> Encoded {
    if let origin = attribute.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Attribute
    var nested = FieldCollection()
    switch attribute.value {
    case .tensor(let item): nested.add(Number.tensor, try tensor(item))
    case .graph(let item): nested.add(Number.graph, try graph(item))
    case .sparseTensor(let item): nested.add(Number.sparseTensor, try sparseTensor(item))
    case .tensors(let items): for item in items { nested.add(Number.tensors, try tensor(item)) }
    case .graphs(let items): for item in items { nested.add(Number.graphs, try graph(item)) }
    case .sparseTensors(let items):
      for item in items { nested.add(Number.sparseTensors, try sparseTensor(item)) }
    case .float, .int, .string, .type, .floats, .ints, .strings, .types, .reference, .undefined: break
    }
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__AttributeProto.self) { message in
      unsafe message.pointee.has_name = 1
      unsafe message.pointee.name = unsafe arena.data(attribute.name)
      unsafe message.pointee.has_doc_string = attribute.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(attribute.documentation ?? "")
      unsafe message.pointee.has_type = 1
      unsafe message.pointee.type = attribute.value.typeNumber
      unsafe fill(message, with: attribute.value, arena)
    }
    try unsafe nested.add(fieldsIn: arena.packed(message))
    try nested.add(fieldsIn: attribute.unknownFields)
    return nested.joined()
  }

  private func fill(
    _ message: UnsafeMutablePointer<Onnx__AttributeProto>, with value: Attribute.Value, _ arena: EncodingArena
  ) {
    switch value {
    case .float(let number):
      unsafe message.pointee.has_f = 1
      unsafe message.pointee.f = number
    case .int(let number):
      unsafe message.pointee.has_i = 1
      unsafe message.pointee.i = number
    case .string(let bytes):
      unsafe message.pointee.has_s = 1
      unsafe message.pointee.s = unsafe arena.data(bytes)
    case .floats(let numbers):
      unsafe message.pointee.n_floats = numbers.count
      unsafe message.pointee.floats = unsafe arena.array(numbers)
    case .ints(let numbers):
      unsafe message.pointee.n_ints = numbers.count
      unsafe message.pointee.ints = unsafe arena.array(numbers)
    case .strings(let items):
      unsafe message.pointee.n_strings = items.count
      unsafe message.pointee.strings = unsafe arena.array(items.map { unsafe arena.data($0) })
    case .type(let type):
      unsafe message.pointee.tp = unsafe arena.message(type)
    case .types(let types):
      unsafe message.pointee.n_type_protos = types.count
      unsafe message.pointee.type_protos = unsafe arena.array(
        types.map { type -> UnsafeMutablePointer<Onnx__TypeProto>? in unsafe arena.message(type) })
    case .reference(let name, _):
      unsafe message.pointee.has_ref_attr_name = 1
      unsafe message.pointee.ref_attr_name = unsafe arena.data(name)
    case .tensor, .graph, .sparseTensor, .tensors, .graphs, .sparseTensors, .undefined: break
    }
  }

  func tensor(_ tensor: TensorConstant) throws(FormatError) -> Encoded {
    if let origin = tensor.origin { return Encoded(origin) }
    typealias Number = FieldNumber.Tensor
    let arena = EncodingArena()
    let external = tensor.external.map { $0.entries }
    let message = unsafe arena.message(Onnx__TensorProto.self) { message in
      unsafe message.pointee.n_dims = tensor.shape.rank
      unsafe message.pointee.dims = unsafe arena.array(tensor.shape.extents.map { Int64($0) })
      unsafe message.pointee.has_data_type = 1
      unsafe message.pointee.data_type = tensor.elementType.rawValue
      unsafe message.pointee.has_name = tensor.name.isEmpty ? 0 : 1
      unsafe message.pointee.name = unsafe arena.data(tensor.name)
      unsafe message.pointee.has_doc_string = tensor.documentation == nil ? 0 : 1
      unsafe message.pointee.doc_string = unsafe arena.data(tensor.documentation ?? "")
      if let external {
        unsafe message.pointee.has_data_location = 1
        unsafe message.pointee.data_location = 1
        unsafe message.pointee.n_external_data = external.count
        unsafe message.pointee.external_data = unsafe arena.array(
          external.map { entry -> UnsafeMutablePointer<Onnx__StringStringEntryProto>? in
            unsafe arena.message(entry)
          })
      }
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    switch tensor.payload {
    case .strings(let strings, _):
      for string in strings { fields.add(Number.stringData, Encoded(string)) }
    case .dense(let elements):
      if external != nil { break }
      if let payloadLimit, elements.byteCount > payloadLimit {
        fields.add(Number.rawData, Encoded([UInt8](repeating: 0, count: 8)))
      } else {
        let range = elements.byteOffset..<elements.byteOffset + elements.byteCount
        fields.add(Number.rawData, Encoded(SourceBytes(storage: elements.storage, range: range)))
      }
    }
    for item in tensor.metadata { fields.add(Number.metadata, try metadataEntry(item)) }
    try fields.add(fieldsIn: tensor.unknownFields)
    return fields.joined()
  }

  func sparseTensor(_ sparse: SparseTensorConstant) throws(FormatError) -> Encoded {
    if let origin = sparse.origin { return Encoded(origin) }
    typealias Number = FieldNumber.SparseTensor
    let arena = EncodingArena()
    let message = unsafe arena.message(Onnx__SparseTensorProto.self) { message in
      unsafe message.pointee.n_dims = sparse.extents.count
      unsafe message.pointee.dims = unsafe arena.array(sparse.extents)
    }
    var fields = FieldCollection()
    try unsafe fields.add(fieldsIn: arena.packed(message))
    fields.add(Number.values, try tensor(sparse.values))
    fields.add(Number.indices, try tensor(sparse.indices))
    try fields.add(fieldsIn: sparse.unknownFields)
    return fields.joined()
  }
}

extension EncodingArena {
  fileprivate func message(_ entry: MetadataEntry) -> UnsafeMutablePointer<Onnx__StringStringEntryProto> {
    unsafe message(Onnx__StringStringEntryProto.self) { message in
      unsafe message.pointee.has_key = 1
      unsafe message.pointee.key = unsafe data(entry.key)
      unsafe message.pointee.has_value = 1
      unsafe message.pointee.value = unsafe data(entry.value)
    }
  }
}

extension Encoded {
  fileprivate init(whole storage: Storage) { self.init(storage.bytes(0..<storage.byteCount)) }
}

extension Attribute.Value {
  /// The number that ONNX gives the type of this value.
  fileprivate var typeNumber: Int32 {
    switch self {
    case .float: AttributeType.float.rawValue
    case .int: AttributeType.int.rawValue
    case .string: AttributeType.string.rawValue
    case .tensor: AttributeType.tensor.rawValue
    case .graph: AttributeType.graph.rawValue
    case .sparseTensor: AttributeType.sparseTensor.rawValue
    case .type: AttributeType.type.rawValue
    case .floats: AttributeType.floats.rawValue
    case .ints: AttributeType.ints.rawValue
    case .strings: AttributeType.strings.rawValue
    case .tensors: AttributeType.tensors.rawValue
    case .graphs: AttributeType.graphs.rawValue
    case .sparseTensors: AttributeType.sparseTensors.rawValue
    case .types: AttributeType.types.rawValue
    case .reference(_, let type), .undefined(let type): type
    }
  }
}

extension TensorConstant.ExternalLocation {
  /// The entries of `external_data`.
  fileprivate var entries: [MetadataEntry] {
    var entries = [
      MetadataEntry(key: "location", value: path), MetadataEntry(key: "offset", value: "\(offset)"),
    ]
    if let length { entries.append(MetadataEntry(key: "length", value: "\(length)")) }
    if let checksum { entries.append(MetadataEntry(key: "checksum", value: checksum)) }
    return entries
  }
}
