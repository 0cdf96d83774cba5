import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// Memory for one message that protobuf-c is to encode: texts, arrays and nested messages, freed together.
@safe
final class EncodingArena {
  private var blocks: [UnsafeMutableRawPointer] = unsafe []

  deinit {
    unsafe blocks.forEach { unsafe $0.deallocate() }
  }

  /// A copy of a byte string.
  func data(_ bytes: some Collection<UInt8>) -> ProtobufCBinaryData {
    let copy = unsafe array(Array(bytes))
    return unsafe ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  /// A copy of a name or text as it stood, or is to stand, in a file.
  func data(_ text: String) -> ProtobufCBinaryData {
    NameSpelling.isOriginal(text) ? unsafe data(text.utf8) : unsafe data(NameSpelling.bytes(text))
  }

  /// A copy of several texts.
  func data(_ texts: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData>? {
    unsafe array(texts.map { unsafe data($0) })
  }

  /// A copy of an array, or nil where it is empty.
  func array<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element>? {
    guard !elements.isEmpty else { return nil }
    let pointer = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    unsafe pointer.initialize(from: elements, count: elements.count)
    unsafe blocks.append(UnsafeMutableRawPointer(pointer))
    return unsafe pointer
  }

  /// A message with its defaults, filled by `fill`.
  func message<Message: SchemaMessage>(
    _ type: Message.Type, _ fill: (UnsafeMutablePointer<Message>) -> Void
  ) -> UnsafeMutablePointer<Message> {
    let pointer = UnsafeMutablePointer<Message>.allocate(capacity: 1)
    unsafe Message.prepare(pointer)
    unsafe fill(pointer)
    unsafe blocks.append(UnsafeMutableRawPointer(pointer))
    return unsafe pointer
  }

  /// What protobuf-c makes of a message.
  func packed<Message: SchemaMessage>(
    _ message: UnsafeMutablePointer<Message>
  ) throws(FormatError) -> Storage {
    let base = unsafe UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    let size = unsafe protobuf_c_message_get_packed_size(base)
    do {
      let storage = try Storage(byteCount: size)
      unsafe protobuf_c_message_pack(base, storage.base.assumingMemoryBound(to: UInt8.self))
      return storage
    } catch {
      throw FormatError("not enough memory for \(size) bytes", code: .workFailed)
    }
  }
}

extension EncodingArena {
  /// A declared type.
  func message(_ type: TypeDescription) -> UnsafeMutablePointer<Onnx__TypeProto> {
    unsafe message(Onnx__TypeProto.self) { message in
      if let denotation = type.denotation {
        unsafe message.pointee.has_denotation = 1
        unsafe message.pointee.denotation = unsafe data(denotation)
      }
      switch type.kind {
      case .unspecified: break
      case .tensor(let elementType, let shape):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
        unsafe message.pointee.tensor_type = unsafe self.message(Onnx__TypeProto__Tensor.self) { tensor in
          unsafe tensor.pointee.has_elem_type = 1
          unsafe tensor.pointee.elem_type = elementType
          if let shape { unsafe tensor.pointee.shape = unsafe self.message(shape) }
        }
      case .sparseTensor(let elementType, let shape):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE
        unsafe message.pointee.sparse_tensor_type =
          unsafe self.message(Onnx__TypeProto__SparseTensor.self) { tensor in
            unsafe tensor.pointee.has_elem_type = 1
            unsafe tensor.pointee.elem_type = elementType
            if let shape { unsafe tensor.pointee.shape = unsafe self.message(shape) }
          }
      case .sequence(let element):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE
        unsafe message.pointee.sequence_type = unsafe self.message(Onnx__TypeProto__Sequence.self) {
          unsafe $0.pointee.elem_type = unsafe self.message(element)
        }
      case .optional(let element):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE
        unsafe message.pointee.optional_type = unsafe self.message(Onnx__TypeProto__Optional.self) {
          unsafe $0.pointee.elem_type = unsafe self.message(element)
        }
      case .map(let keyType, let value):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_MAP_TYPE
        unsafe message.pointee.map_type = unsafe self.message(Onnx__TypeProto__Map.self) { map in
          unsafe map.pointee.has_key_type = 1
          unsafe map.pointee.key_type = keyType
          unsafe map.pointee.value_type = unsafe self.message(value)
        }
      case .opaque(let domain, let name):
        unsafe message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE
        unsafe message.pointee.opaque_type = unsafe self.message(Onnx__TypeProto__Opaque.self) { opaque in
          unsafe opaque.pointee.has_domain = 1
          unsafe opaque.pointee.domain = unsafe data(domain)
          unsafe opaque.pointee.has_name = 1
          unsafe opaque.pointee.name = unsafe data(name)
        }
      }
    }
  }

  private func message(_ shape: [Dimension]) -> UnsafeMutablePointer<Onnx__TensorShapeProto> {
    unsafe message(Onnx__TensorShapeProto.self) { message in
      let dimensions = unsafe shape.map {
        dimension -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>? in
        unsafe self.message(Onnx__TensorShapeProto__Dimension.self) { item in
          switch dimension.extent {
          case .unknown: break
          case .value(let extent):
            unsafe item.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
            unsafe item.pointee.dim_value = extent
          case .parameter(let name):
            unsafe item.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
            unsafe item.pointee.dim_param = unsafe data(name)
          }
          if let denotation = dimension.denotation {
            unsafe item.pointee.has_denotation = 1
            unsafe item.pointee.denotation = unsafe data(denotation)
          }
        }
      }
      unsafe message.pointee.n_dim = dimensions.count
      unsafe message.pointee.dim = unsafe array(dimensions)
    }
  }
}
