import CONNXProto
import CProtobufC
import Tensors

/// A message of the schema as protobuf-c lays it out in C.
protocol SchemaMessage {
  init()
  /// The function that writes the defaults and the pointer to the descriptor.
  static var prepare: @Sendable (UnsafeMutablePointer<Self>?) -> Void { get }
}

extension SchemaMessage {
  /// The message's fields, as protobuf-c describes them.
  static var descriptor: SchemaDescriptor {
    var message = Self()
    unsafe prepare(&message)
    return unsafe withUnsafeBytes(of: &message) { bytes in
      // Every message starts with its base, which starts with the descriptor.
      unsafe SchemaDescriptor(bytes.load(as: UnsafePointer<ProtobufCMessageDescriptor>.self))
    }
  }
}

/// The fields that a message of the schema has.
@safe
struct SchemaDescriptor: Equatable {
  let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  /// A descriptor among protobuf-c's generated constants, which live as long as the program.
  init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) { unsafe self.pointer = unsafe pointer }

  /// Whether both describe the same message; each message has one descriptor.
  static func == (first: SchemaDescriptor, second: SchemaDescriptor) -> Bool {
    unsafe first.pointer == second.pointer
  }

  /// What the schema says about a field number.
  enum Field {
    /// The schema does not know the number.
    case unknown
    /// A number, text or byte string in the given encoding; repeated numbers may stand packed in one field as well.
    case plain(WireField.Encoding, isRepeated: Bool)
    /// A message.
    case message(SchemaDescriptor, isRepeated: Bool)
  }

  /// The field of a number.
  func field(_ number: Int) -> Field {
    guard let field = unsafe protobuf_c_message_descriptor_get_field(pointer, UInt32(number)) else {
      return .unknown
    }
    let isRepeated = unsafe field.pointee.label == PROTOBUF_C_LABEL_REPEATED
    switch unsafe field.pointee.type {
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let nested = unsafe field.pointee.descriptor else { return .unknown }
      return unsafe .message(
        SchemaDescriptor(nested.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)),
        isRepeated: isRepeated)
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES: return .plain(.bytes, isRepeated: isRepeated)
    case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32:
      return .plain(.fixed32, isRepeated: isRepeated)
    case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64:
      return .plain(.fixed64, isRepeated: isRepeated)
    default: return .plain(.varint, isRepeated: isRepeated)
    }
  }

  /// The message's name in the schema, for example `NodeProto`.
  var name: String { unsafe String(cString: pointer.pointee.short_name) }

  /// The name of a field in the schema, for example `NodeProto.op_type`.
  func name(of number: Int) -> String {
    guard let field = unsafe protobuf_c_message_descriptor_get_field(pointer, UInt32(number)) else {
      return "\(name).\(number)"
    }
    return unsafe "\(name).\(String(cString: field.pointee.name))"
  }
}

extension SchemaMessage {
  /// Decodes a message with protobuf-c and hands it to `body`; it is freed afterwards.
  static func decoding<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafePointer<Self>) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = unsafe protobuf_c_message_unpack(descriptor.pointer, nil, bytes.count, start) else {
      throw FormatError(
        "a \(descriptor.name) with a field of the wrong type, or not enough memory", field: descriptor.name)
    }
    defer { unsafe protobuf_c_message_free_unpacked(message, nil) }
    return try unsafe body(UnsafeRawPointer(message).assumingMemoryBound(to: Self.self))
  }
}

extension Onnx__ModelProto: SchemaMessage { static let prepare = unsafe onnx__model_proto__init }
extension Onnx__GraphProto: SchemaMessage { static let prepare = unsafe onnx__graph_proto__init }
extension Onnx__FunctionProto: SchemaMessage { static let prepare = unsafe onnx__function_proto__init }
extension Onnx__TrainingInfoProto: SchemaMessage {
  static let prepare = unsafe onnx__training_info_proto__init
}
extension Onnx__NodeProto: SchemaMessage { static let prepare = unsafe onnx__node_proto__init }
extension Onnx__AttributeProto: SchemaMessage { static let prepare = unsafe onnx__attribute_proto__init }
extension Onnx__TensorProto: SchemaMessage { static let prepare = unsafe onnx__tensor_proto__init }
extension Onnx__SparseTensorProto: SchemaMessage {
  static let prepare = unsafe onnx__sparse_tensor_proto__init
}
extension Onnx__ValueInfoProto: SchemaMessage { static let prepare = unsafe onnx__value_info_proto__init }
extension Onnx__StringStringEntryProto: SchemaMessage {
  static let prepare = unsafe onnx__string_string_entry_proto__init
}
extension Onnx__OperatorSetIdProto: SchemaMessage {
  static let prepare = unsafe onnx__operator_set_id_proto__init
}
extension Onnx__TensorAnnotation: SchemaMessage { static let prepare = unsafe onnx__tensor_annotation__init }
extension Onnx__NodeDeviceConfigurationProto: SchemaMessage {
  static let prepare = unsafe onnx__node_device_configuration_proto__init
}
extension Onnx__DeviceConfigurationProto: SchemaMessage {
  static let prepare = unsafe onnx__device_configuration_proto__init
}
extension Onnx__TypeProto: SchemaMessage { static let prepare = unsafe onnx__type_proto__init }
extension Onnx__TypeProto__Tensor: SchemaMessage {
  static let prepare = unsafe onnx__type_proto__tensor__init
}
extension Onnx__TypeProto__SparseTensor: SchemaMessage {
  static let prepare = unsafe onnx__type_proto__sparse_tensor__init
}
extension Onnx__TypeProto__Sequence: SchemaMessage {
  static let prepare = unsafe onnx__type_proto__sequence__init
}
extension Onnx__TypeProto__Optional: SchemaMessage {
  static let prepare = unsafe onnx__type_proto__optional__init
}
extension Onnx__TypeProto__Map: SchemaMessage { static let prepare = unsafe onnx__type_proto__map__init }
extension Onnx__TypeProto__Opaque: SchemaMessage {
  static let prepare = unsafe onnx__type_proto__opaque__init
}
extension Onnx__TensorShapeProto: SchemaMessage { static let prepare = unsafe onnx__tensor_shape_proto__init }
extension Onnx__TensorShapeProto__Dimension: SchemaMessage {
  static let prepare = unsafe onnx__tensor_shape_proto__dimension__init
}
