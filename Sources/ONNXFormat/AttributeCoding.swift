import CONNXProto
import CProtobufC
import Graphs
import Tensors

/// Type numbers of attributes (ONNX `AttributeProto.AttributeType`).
enum AttributeType: Int32 {
  case undefined = 0
  case float = 1
  case int = 2
  case string = 3
  case tensor = 4
  case graph = 5
  case floats = 6
  case ints = 7
  case strings = 8
  case tensors = 9
  case graphs = 10
  case sparseTensor = 11
  case sparseTensors = 12
  case type = 13
  case types = 14
}

extension ModelReader {
  func attribute(_ source: SourceBytes, depth: Int) throws(FormatError) -> Attribute {
    let schema = unsafe Onnx__AttributeProto.descriptor
    typealias Number = FieldNumber.Attribute
    let split = try SplitMessage(
      source, schema, cutting: Number.cut, walking: Number.walked, depth: depth, census: census)
    var attribute = try unsafe split.decoding(Onnx__AttributeProto.self) { message throws(FormatError) in
      let name = try unsafe ONNXFormat.name(message.pointee.name, "name of an attribute")
      do throws(FormatError) {
        let value = try unsafe attributeValue(message.pointee, split, depth: depth)
        return unsafe Attribute(
          name, value, documentation: text(message.pointee.has_doc_string, message.pointee.doc_string))
      } catch {
        var located = error.located(field: name.isEmpty ? schema.name : name)
        located.message = error.tensor == nil ? "attribute '\(name)': \(error.message)" : error.message
        throw located
      }
    }
    guard !attribute.name.isEmpty else {
      throw FormatError("an attribute has no name", field: schema.name(of: Number.name))
    }
    attribute.unknownFields = split.unknown
    if case .undefined = attribute.value {
      let all = try SplitMessage(source, schema, cutting: .all, depth: depth, census: nil)
      attribute.unknownFields =
        all.rawFields(except: [Number.name, Number.documentation, Number.type]) + all.unknown
    }
    attribute.origin = source
    return attribute
  }

  private func attributeValue(
    _ message: Onnx__AttributeProto, _ split: SplitMessage, depth: Int
  ) throws(FormatError) -> Attribute.Value {
    typealias Number = FieldNumber.Attribute
    let declared = unsafe message.type
    let type = try presentType(split, declared: declared)
    if unsafe message.has_ref_attr_name != 0, unsafe message.ref_attr_name.len > 0 {
      guard type == nil || !Number.types.contains(where: { split.fieldOrder.contains($0.field) }) else {
        throw FormatError("refers to another attribute and holds a value as well")
      }
      return .reference(try unsafe name(message.ref_attr_name, "ref_attr_name"), type: declared)
    }
    switch type {
    case .float: return unsafe .float(message.f)
    case .int: return unsafe .int(message.i)
    case .string: return unsafe .string(bytes(message.s))
    case .floats: return .floats(try floats(split))
    case .ints: return .ints(try integers(split))
    case .strings:
      return unsafe .strings(
        UnsafeBufferPointer(start: message.strings, count: message.n_strings).map { unsafe bytes($0) })
    case .tensor:
      return .tensor(try tensor(one(Number.tensor, "tensor", split), depth: depth + 1))
    case .graph:
      return .graph(try graph(one(Number.graph, "graph", split), depth: depth + 1))
    case .sparseTensor:
      return .sparseTensor(
        try sparseTensor(one(Number.sparseTensor, "sparse tensor", split), depth: depth + 1))
    case .tensors:
      var items: [TensorConstant] = []
      items.reserveCapacity(split.count(Number.tensors))
      for item in try split.contents(Number.tensors) { items.append(try tensor(item, depth: depth + 1)) }
      return .tensors(items)
    case .graphs:
      var items: [Graph] = []
      for item in try split.contents(Number.graphs) { items.append(try graph(item, depth: depth + 1)) }
      return .graphs(items)
    case .sparseTensors:
      var items: [SparseTensorConstant] = []
      for item in try split.contents(Number.sparseTensors) {
        items.append(try sparseTensor(item, depth: depth + 1))
      }
      return .sparseTensors(items)
    case .type:
      guard let pointer = unsafe message.tp else { throw FormatError("holds no type") }
      return .type(try unsafe TypeDescription(decoded: pointer))
    case .types:
      var items: [TypeDescription] = []
      items.reserveCapacity(unsafe message.n_type_protos)
      for index in unsafe 0..<message.n_type_protos {
        guard let item = unsafe message.type_protos[index] else { continue }
        items.append(try unsafe TypeDescription(decoded: item))
      }
      return .types(items)
    case .undefined, nil: return .undefined(type: declared)
    }
  }

  private func one(_ number: Int, _ what: String, _ split: SplitMessage) throws(FormatError) -> SourceBytes {
    guard let item = try split.content(number) else { throw FormatError("holds no \(what)") }
    return item
  }

  /// The type of an attribute, which must be that of the one field that holds a value; nil where the number is not known.
  ///
  /// Files before IR 2 leave the type unsaid. A value that is absent is the default of its type.
  private func presentType(_ split: SplitMessage, declared: Int32) throws(FormatError) -> AttributeType? {
    let schema = unsafe Onnx__AttributeProto.descriptor
    let present = FieldNumber.Attribute.types.filter { split.fieldOrder.contains($0.field) }
    guard declared != 0 else {
      guard present.count <= 1 else {
        let names = present.map { schema.name(of: $0.field) }
        throw FormatError("holds values of several types: \(names.joined(separator: ", "))")
      }
      return present.first?.type ?? .undefined
    }
    guard let type = AttributeType(rawValue: declared) else { return nil }
    if let other = present.first(where: { $0.type != type }) {
      throw FormatError("says that its type is \(type), but holds \(schema.name(of: other.field))")
    }
    return type
  }

  /// The elements of a list of integers.
  private func integers(_ split: SplitMessage) throws(FormatError) -> [Int64] {
    let storage = split.source.storage
    return try numbers(
      split, FieldNumber.Attribute.ints, encoding: .varint,
      count: { WireCursor(storage, $0.content).countVarints() }
    ) { field, integers throws(FormatError) in
      var cursor = WireCursor(storage, field.content)
      while let value = try cursor.nextVarint() { integers.append(Int64(bitPattern: value)) }
    }
  }

  /// The elements of a list of floats.
  private func floats(_ split: SplitMessage) throws(FormatError) -> [Float] {
    let storage = split.source.storage
    return try numbers(
      split, FieldNumber.Attribute.floats, encoding: .fixed32,
      count: { $0.content.count % 4 == 0 ? $0.content.count / 4 : nil }
    ) { field, floats throws(FormatError) in
      for offset in stride(from: field.content.lowerBound, to: field.content.upperBound, by: 4) {
        // The field lies in the storage, and its content is whole floats.
        let bits = unsafe storage.base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        floats.append(Float(bitPattern: UInt32(littleEndian: bits)))
      }
    }
  }

  /// The elements of a list of numbers, each in a field of its own or several packed in one.
  ///
  /// - Parameters:
  ///   - encoding: how one number is encoded.
  ///   - count: how many numbers a field holds, or nil where its length fits no whole number.
  ///   - append: appends them.
  private func numbers<Element>(
    _ split: SplitMessage, _ number: Int, encoding: WireField.Encoding, count: (WireField) -> Int?,
    append: (WireField, inout [Element]) throws(FormatError) -> Void
  ) throws(FormatError) -> [Element] {
    let schema = unsafe Onnx__AttributeProto.descriptor
    var total = 0
    try split.forEachField(number) { field throws(FormatError) in
      guard field.encoding == encoding || field.encoding == .bytes, let more = count(field) else {
        throw SplitMessage.wrongType(field, in: schema)
      }
      try census.count(numbers: more, in: field, of: schema)
      total += more
    }
    var elements: [Element] = []
    elements.reserveCapacity(total)
    try split.forEachField(number) { field throws(FormatError) in try append(field, &elements) }
    return elements
  }
}
