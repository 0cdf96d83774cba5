import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// The small fields of a tensor message.
private struct TensorHeader {
  var name: String
  var extents: [Int64]
  var type: Int32
  var documentation: String?
  /// Where the elements stand: 0 in the message, 1 in another file.
  var location: Int32
  var externalData: [MetadataEntry]
}

extension ModelReader {
  func tensor(_ source: SourceBytes, depth: Int) throws(FormatError) -> TensorConstant {
    typealias Number = FieldNumber.Tensor
    let schema = unsafe Onnx__TensorProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    let header = try unsafe split.decoding(Onnx__TensorProto.self) { message throws(FormatError) in
      try unsafe TensorHeader(decoded: message.pointee)
    }
    do throws(FormatError) {
      if let segment = split.cut.first(where: { $0.number == Number.segment }) {
        throw FormatError(
          "is a segment of a tensor (byte \(segment.range.lowerBound)); segmented tensors are not supported",
          code: .unsupported, field: schema.name(of: Number.segment))
      }
      let (shape, type) = try header.shapeAndType()
      var tensor: TensorConstant
      if header.location == 1 {
        if let filled = split.filledData.first {
          let name = schema.name(of: filled.number)
          throw FormatError(
            "has external data and \(name) at byte \(filled.range.lowerBound) as well", field: name)
        }
        tensor = try externalTensor(header, shape, type)
      } else if type == .string {
        let strings = try split.contents(Number.stringData)
        guard strings.count == shape.elementCount else {
          throw FormatError(
            "string_data holds \(strings.count) strings, shape \(shape) needs \(shape.elementCount)",
            field: "string_data")
        }
        tensor = TensorConstant(
          name: header.name, strings: strings.map { $0.storage.bytes($0.range) }, shape: shape)
      } else {
        tensor = TensorConstant(name: header.name, try inlineTensor(split, shape, type))
      }
      tensor.documentation = header.documentation
      tensor.metadata = try metadata(split.contents(Number.metadata), depth: depth + 1)
      tensor.unknownFields = split.unknown
      tensor.origin = source
      return tensor
    } catch {
      throw error.located(tensor: header.name)
    }
  }

  func sparseTensor(_ source: SourceBytes, depth: Int) throws(FormatError) -> SparseTensorConstant {
    typealias Number = FieldNumber.SparseTensor
    let schema = unsafe Onnx__SparseTensorProto.descriptor
    let split = try SplitMessage(source, schema, cutting: Number.cut, depth: depth, census: census)
    let extents = try unsafe split.decoding(Onnx__SparseTensorProto.self) { message throws(FormatError) in
      unsafe Array(UnsafeBufferPointer(start: message.pointee.dims, count: message.pointee.n_dims))
    }
    guard let values = try split.content(Number.values),
      let indices = try split.content(Number.indices)
    else {
      throw FormatError(
        "a sparse tensor without values or indices at byte \(source.range.lowerBound)", field: schema.name)
    }
    var sparse = SparseTensorConstant(
      values: try tensor(values, depth: depth + 1), indices: try tensor(indices, depth: depth + 1),
      extents: extents)
    sparse.unknownFields = split.unknown
    sparse.origin = source
    return sparse
  }

  /// The elements of a tensor that stands in the model file: a view of the file wherever the bytes are there as they are
  /// in memory.
  private func inlineTensor(
    _ split: SplitMessage, _ shape: Shape, _ type: ElementType
  ) throws(FormatError) -> Tensor {
    typealias Number = FieldNumber.Tensor
    let filled = split.filledData
    guard let first = filled.first else {
      guard shape.elementCount == 0 else {
        throw FormatError(
          "holds no elements, shape \(shape) of \(type.name) needs \(shape.elementCount)", field: "raw_data")
      }
      return Tensor(elementType: type, shape: shape, storage: split.source.storage)
    }
    if let other = filled.first(where: { $0.number != first.number }) {
      throw FormatError(
        "has elements in two fields, \(first.number) and \(other.number) (byte \(other.range.lowerBound))",
        field: (unsafe Onnx__TensorProto.descriptor).name(of: other.number))
    }
    let name = try dataField(first.number, holds: type)
    let isView = first.number == Number.rawData || name == "float_data" || name == "double_data"
    if isView, filled.count == 1 {
      guard first.encoding == .bytes || first.number != Number.rawData else {
        throw SplitMessage.wrongType(first, in: unsafe Onnx__TensorProto.descriptor)
      }
      try check(first.content.count, name, shape, type, at: first.range.lowerBound)
      return Tensor(
        elementType: type, shape: shape, storage: split.source.storage, byteOffset: first.content.lowerBound)
    }
    guard first.number != Number.rawData else {
      throw FormatError(
        "raw_data stands twice (byte \(filled[1].range.lowerBound))", field: "raw_data")
    }
    var elements: [UInt8] = []
    for field in filled {
      if isView {
        elements += split.source.storage.bytes(field.content)
      } else {
        try appendIntegers(of: field, from: split.source.storage, as: type, name, to: &elements)
      }
    }
    try check(elements.count, name, shape, type, at: first.range.lowerBound)
    return try Tensor(bytes: elements, shape: shape, type)
  }

  /// The name of a data field, checked to be one that may hold the type.
  private func dataField(_ number: Int, holds type: ElementType) throws(FormatError) -> String {
    typealias Number = FieldNumber.Tensor
    let name: String
    let fits: Bool
    switch number {
    case Number.rawData: return "raw_data"
    case Number.floatData: (name, fits) = ("float_data", type == .float32 || type == .complex64)
    case Number.doubleData: (name, fits) = ("double_data", type == .float64 || type == .complex128)
    case Number.int64Data: (name, fits) = ("int64_data", type == .int64)
    case Number.uint64Data: (name, fits) = ("uint64_data", type == .uint64 || type == .uint32)
    case Number.int32Data:
      let others: [ElementType] = [
        .float32, .float64, .int64, .uint32, .uint64, .complex64, .complex128, .string,
      ]
      (name, fits) = ("int32_data", !others.contains(type))
    default: (name, fits) = ("string_data", false)
    }
    guard fits else { throw FormatError("\(name) cannot hold elements of type \(type.name)", field: name) }
    return name
  }

  private func check(
    _ found: Int, _ field: String, _ shape: Shape, _ type: ElementType, at offset: Int
  ) throws(FormatError) {
    guard let expected = type.byteCount(of: shape.elementCount), found == expected else {
      let expected = type.byteCount(of: shape.elementCount).map(String.init) ?? "too many"
      throw FormatError(
        "\(field) at byte \(offset) holds \(found) bytes of elements, shape \(shape) of \(type.name) needs \(expected)",
        field: field)
    }
  }

  /// Appends the varints of one field, packed or single, as little-endian elements of the declared type.
  private func appendIntegers(
    of field: WireField, from storage: Storage, as type: ElementType, _ name: String,
    to elements: inout [UInt8]
  ) throws(FormatError) {
    guard field.encoding == .varint || field.encoding == .bytes else {
      throw SplitMessage.wrongType(field, in: unsafe Onnx__TensorProto.descriptor)
    }
    // Types below 32 bits come as one int32 per element; those of 4 and 2 bits as one int32 per byte.
    let width = type.bitWidth ?? 0
    let valueBits = width == 4 || width == 2 ? 8 : width
    let count = WireCursor(storage, field.content).countVarints()
    try census.count(
      elements: count, byteCount: count * (valueBits + 7) / 8, in: field,
      of: unsafe Onnx__TensorProto.descriptor)
    // Once: many fields add up by growth, which does not copy everything for each.
    if elements.isEmpty { elements.reserveCapacity(count * (valueBits + 7) / 8) }
    if type == .float6e2m3 || type == .float6e3m2 {
      try appendSixBitElements(of: field, from: storage, type, to: &elements)
      return
    }
    var cursor = WireCursor(storage, field.content)
    while let value = try cursor.nextVarint() {
      var bits = value
      if name == "int32_data" {
        let element = Int32(truncatingIfNeeded: value)
        if type == .bool {
          bits = element == 0 ? 0 : 1
        } else if valueBits < 32 {
          guard element >= -(1 << (valueBits - 1)), element < 1 << valueBits else {
            throw FormatError("int32_data holds \(element), which is no \(type.name)", field: name)
          }
        }
      } else if type == .uint32, value > UInt64(UInt32.max) {
        throw FormatError("uint64_data holds \(value), which is no uint32", field: name)
      }
      for _ in 0..<valueBits / 8 {
        elements.append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
      }
    }
  }

  private func appendSixBitElements(
    of field: WireField, from storage: Storage, _ type: ElementType, to elements: inout [UInt8]
  ) throws(FormatError) {
    var cursor = WireCursor(storage, field.content)
    var pending: UInt32 = 0
    var pendingBits: UInt32 = 0
    while let value = try cursor.nextVarint() {
      guard value < 64 else {
        throw FormatError("int32_data holds \(value), which is no \(type.name)", field: "int32_data")
      }
      pending |= UInt32(value) << pendingBits
      pendingBits += 6
      while pendingBits >= 8 {
        elements.append(UInt8(truncatingIfNeeded: pending))
        pending >>= 8
        pendingBits -= 8
      }
    }
    if pendingBits > 0 { elements.append(UInt8(truncatingIfNeeded: pending)) }
  }

  private func externalTensor(
    _ header: TensorHeader, _ shape: Shape, _ type: ElementType
  ) throws(FormatError) -> TensorConstant {
    guard type != .string else {
      throw FormatError(
        "has its strings in an external file, which ONNX does not allow", field: "data_location")
    }
    let location = try ExternalData.location(header.externalData)
    let storage = try external.storage(location)
    guard let expected = type.byteCount(of: shape.elementCount) else {
      throw FormatError("has shape \(shape), which is too large", field: "dims")
    }
    if let length = location.length, length != expected {
      throw FormatError(
        "external length \(length) of '\(location.path)' does not fit shape \(shape) of \(type.name), which needs \(expected) bytes",
        field: "external_data")
    }
    guard location.offset <= storage.byteCount, expected <= storage.byteCount - location.offset else {
      throw FormatError(
        "needs bytes \(location.offset) to \(location.offset) + \(expected) of '\(location.path)', which has \(storage.byteCount)",
        field: "external_data", hint: "the external data file is truncated or belongs to another model")
    }
    var tensor = TensorConstant(
      name: header.name,
      Tensor(elementType: type, shape: shape, storage: storage, byteOffset: location.offset))
    tensor.external = location
    return tensor
  }
}

extension SplitMessage {
  /// The fields of a tensor that hold elements.
  fileprivate var filledData: [WireField] {
    cut.filter {
      $0.number != FieldNumber.Tensor.metadata && $0.number != FieldNumber.Tensor.segment
        && !$0.content.isEmpty
    }
  }
}

extension TensorHeader {
  /// More axes than any operator has a use for, and as many as NumPy knows.
  static let rankLimit = 64

  fileprivate init(decoded message: Onnx__TensorProto) throws(FormatError) {
    name = try unsafe ONNXFormat.name(message.name, "name of a tensor")
    extents = unsafe Array(UnsafeBufferPointer(start: message.dims, count: message.n_dims))
    type = unsafe message.data_type
    documentation = unsafe text(message.has_doc_string, message.doc_string)
    location = unsafe message.data_location
    externalData = []
    for index in unsafe 0..<message.n_external_data {
      guard let entry = unsafe message.external_data[index]?.pointee else { continue }
      externalData.append(
        unsafe MetadataEntry(key: text(entry.key), value: text(entry.value)))
    }
  }

  func shapeAndType() throws(FormatError) -> (Shape, ElementType) {
    guard location == 0 || location == 1 else {
      throw FormatError("has data location \(location), expected 0 or 1", field: "data_location")
    }
    guard extents.count <= TensorHeader.rankLimit else {
      throw FormatError(
        "has \(extents.count) dims, and at most \(TensorHeader.rankLimit) are read", field: "dims")
    }
    guard let type = ElementType(rawValue: type) else {
      throw FormatError(
        "has element type \(self.type), which is none that ONNX defines up to IR version 14",
        code: self.type > 0 ? .unsupported : .badData, field: "data_type")
    }
    let extents = self.extents.compactMap { Int(exactly: $0) }
    guard let shape = Shape(checking: extents),
      type == .string || type.byteCount(of: shape.elementCount) != nil
    else {
      throw FormatError(
        "has dims \(self.extents), of which one is negative or whose product is too large", field: "dims")
    }
    return (shape, type)
  }
}

extension Tensor {
  /// A tensor with a copy of bytes whose count was checked.
  init(bytes: [UInt8], shape: Shape, _ type: ElementType) throws(FormatError) {
    do {
      let storage = try Storage(byteCount: bytes.count)
      if !bytes.isEmpty {
        unsafe UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count).copyBytes(from: bytes)
      }
      self.init(elementType: type, shape: shape, storage: storage)
    } catch {
      throw FormatError("not enough memory for \(error.byteCount) bytes", code: .workFailed)
    }
  }
}
