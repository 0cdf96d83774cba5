import CONNXProto
import CProtobufC
import Graphs

extension TypeDescription {
  /// The type in a message that protobuf-c decoded; the depth was checked before.
  init(decoded pointer: UnsafePointer<Onnx__TypeProto>) throws(FormatError) {
    let message = unsafe pointer.pointee
    let denotation = unsafe text(message.has_denotation, message.denotation)
    self.init(try unsafe Kind(decoded: message), denotation: denotation)
  }
}

extension TypeDescription.Kind {
  fileprivate init(decoded message: Onnx__TypeProto) throws(FormatError) {
    switch unsafe message.value_case {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
      guard let tensor = unsafe message.tensor_type else { break }
      self = try unsafe .tensor(
        elementType: tensor.pointee.elem_type, shape: dimensions(decoded: tensor.pointee.shape))
      return
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
      guard let tensor = unsafe message.sparse_tensor_type else { break }
      self = try unsafe .sparseTensor(
        elementType: tensor.pointee.elem_type, shape: dimensions(decoded: tensor.pointee.shape))
      return
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
      guard let sequence = unsafe message.sequence_type else { break }
      self = try unsafe .sequence(element(decoded: sequence.pointee.elem_type))
      return
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
      guard let optional = unsafe message.optional_type else { break }
      self = try unsafe .optional(element(decoded: optional.pointee.elem_type))
      return
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
      guard let map = unsafe message.map_type else { break }
      self = try unsafe .map(
        keyType: map.pointee.key_type, value: element(decoded: map.pointee.value_type))
      return
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
      guard let opaque = unsafe message.opaque_type else { break }
      self = try unsafe .opaque(
        domain: name(opaque.pointee.domain, "TypeProto.Opaque.domain"),
        name: name(opaque.pointee.name, "TypeProto.Opaque.name"))
      return
    default: break
    }
    self = .unspecified
  }
}

private func element(decoded pointer: UnsafePointer<Onnx__TypeProto>?) throws(FormatError) -> TypeDescription
{
  guard let pointer = unsafe pointer else { return TypeDescription(.unspecified) }
  return try unsafe TypeDescription(decoded: pointer)
}

private func dimensions(
  decoded pointer: UnsafePointer<Onnx__TensorShapeProto>?
) throws(FormatError) -> [Dimension]? {
  guard let pointer = unsafe pointer else { return nil }
  var dimensions: [Dimension] = []
  dimensions.reserveCapacity(unsafe pointer.pointee.n_dim)
  for index in unsafe 0..<pointer.pointee.n_dim {
    guard let dimension = unsafe pointer.pointee.dim[index]?.pointee else { continue }
    let extent: Dimension.Extent
    switch unsafe dimension.value_case {
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE: extent = unsafe .value(dimension.dim_value)
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
      extent = .parameter(try unsafe name(dimension.dim_param, "dim_param"))
    default: extent = .unknown
    }
    dimensions.append(
      Dimension(
        extent, denotation: unsafe text(dimension.has_denotation, dimension.denotation)))
  }
  return dimensions
}
