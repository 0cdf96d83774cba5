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
    let split = try SplitMessage(source, schema, cutting: FieldNumber.Attribute.cut, depth: depth)
    var attribute = try unsafe split.decoding(Onnx__AttributeProto.self) { message throws(FormatError) in
      let name = try unsafe text(message.pointee.name, "name of an attribute")
      do throws(FormatError) {
        let value = try unsafe attributeValue(message.pointee, split, depth: depth)
        return unsafe Attribute(
          name, value,
          documentation: documentation(message.pointee.has_doc_string, message.pointee.doc_string))
      } catch {
        var located = error
        located.field = error.field ?? name
        located.message = error.tensor == nil ? "attribute '\(name)': \(error.message)" : error.message
        throw located
      }
    }
    attribute.unknownFields = split.unknown
    if case .undefined = attribute.value {
      typealias Number = FieldNumber.Attribute
      let all = try SplitMessage(source, schema, cutting: Set(1..<64), depth: depth)
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
    let schema = unsafe Onnx__AttributeProto.descriptor
    if unsafe message.has_ref_attr_name != 0, unsafe message.ref_attr_name.len > 0 {
      return .reference(try unsafe text(message.ref_attr_name, "ref_attr_name"), type: unsafe message.type)
    }
    let declared = unsafe message.type
    let type = declared == 0 ? unsafe presentType(message, split) : AttributeType(rawValue: declared)
    switch type {
    case .float: return unsafe .float(message.f)
    case .int: return unsafe .int(message.i)
    case .string: return unsafe .string(bytes(message.s))
    case .floats:
      return unsafe .floats(Array(UnsafeBufferPointer(start: message.floats, count: message.n_floats)))
    case .ints:
      return unsafe .ints(Array(UnsafeBufferPointer(start: message.ints, count: message.n_ints)))
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
      for item in try split.contents(Number.tensors, of: schema) {
        items.append(try tensor(item, depth: depth + 1))
      }
      return .tensors(items)
    case .graphs:
      var items: [Graph] = []
      for item in try split.contents(Number.graphs, of: schema) {
        items.append(try graph(item, depth: depth + 1))
      }
      return .graphs(items)
    case .sparseTensors:
      var items: [SparseTensorConstant] = []
      for item in try split.contents(Number.sparseTensors, of: schema) {
        items.append(try sparseTensor(item, depth: depth + 1))
      }
      return .sparseTensors(items)
    case .type:
      guard let pointer = unsafe message.tp else { throw FormatError("holds no type") }
      return .type(try unsafe TypeDescription(decoded: pointer))
    case .types:
      var items: [TypeDescription] = []
      for index in unsafe 0..<message.n_type_protos {
        guard let item = unsafe message.type_protos[index] else { continue }
        items.append(try unsafe TypeDescription(decoded: item))
      }
      return .types(items)
    case .undefined, nil: return .undefined(type: declared)
    }
  }

  private func one(_ number: Int, _ what: String, _ split: SplitMessage) throws(FormatError) -> SourceBytes {
    guard let item = try split.content(number, of: unsafe Onnx__AttributeProto.descriptor) else {
      throw FormatError("holds no \(what)")
    }
    return item
  }

  /// What files before IR 2 leave unsaid: the type, told from the field that is there.
  private func presentType(_ message: Onnx__AttributeProto, _ split: SplitMessage) -> AttributeType {
    typealias Number = FieldNumber.Attribute
    if unsafe message.has_f != 0 { return .float }
    if unsafe message.has_i != 0 { return .int }
    if unsafe message.has_s != 0 { return .string }
    if unsafe message.n_floats > 0 { return .floats }
    if unsafe message.n_ints > 0 { return .ints }
    if unsafe message.n_strings > 0 { return .strings }
    if unsafe message.tp != nil { return .type }
    if unsafe message.n_type_protos > 0 { return .types }
    switch split.cut.first?.number {
    case Number.tensor: return .tensor
    case Number.graph: return .graph
    case Number.sparseTensor: return .sparseTensor
    case Number.tensors: return .tensors
    case Number.graphs: return .graphs
    case Number.sparseTensors: return .sparseTensors
    default: return .undefined
    }
  }
}
