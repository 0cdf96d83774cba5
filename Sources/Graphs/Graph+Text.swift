import Tensors

/// Prints models and graphs in ONNX's text syntax, as `GraphTextParser` and ONNX's own parser read it.
///
/// Printed: types, initializers, nodes with names and attributes, subgraphs, functions, the model's header. Not printed:
/// documentation and metadata of graphs and nodes, sparse tensors, annotations, training information.
/// Source: onnx/docs/Syntax.md.
struct GraphTextPrinter {
  /// Tensors with more elements are printed as `{…}`, which no parser reads; nil prints all elements.
  let elementLimit: Int?

  func text(_ model: ModelDescription) -> String {
    var header = ["ir_version: \(model.irVersion)", "opset_import: \(text(model.operatorSets))"]
    if let text = model.producerName { header.append("producer_name: \(quoted(text))") }
    if let text = model.producerVersion { header.append("producer_version: \(quoted(text))") }
    if let text = model.domain { header.append("domain: \(quoted(text))") }
    if let version = model.modelVersion { header.append("model_version: \(version)") }
    if let text = model.documentation { header.append("doc_string: \(quoted(text))") }
    if !model.metadata.isEmpty {
      let entries = model.metadata.map { "\(quoted($0.key)): \(quoted($0.value))" }
      header.append("metadata_props: [\(entries.joined(separator: ", "))]")
    }
    let functions = model.functions.map { "\n" + text($0) }
    return "<\n  \(header.joined(separator: ",\n  "))\n>\n" + text(model.graph, indent: "")
      + functions.joined()
  }

  func text(_ graph: Graph, indent: String) -> String {
    let inputs = graph.inputs.map(text).joined(separator: ", ")
    let outputs = graph.outputs.map(text).joined(separator: ", ")
    let constants = graph.initializers.map { "\(type(of: $0)) \(name($0.name)) = \(elements(of: $0))" }
    let inner = (constants + graph.valueDescriptions.map(text)).joined(separator: ", ")
    let declarations = inner.isEmpty ? "" : "\n\(indent)  <\(inner)>\n\(indent)"
    let nodes = graph.nodes.map { "\(indent)  \(text($0, indent: indent + "  "))\n" }.joined()
    return "\(name(graph.name)) (\(inputs)) => (\(outputs)) \(declarations){\n\(nodes)\(indent)}"
  }

  private func text(_ function: Function) -> String {
    var header = ["domain: \(quoted(NameSpelling.original(function.operatorName.domain)))"]
    if !function.operatorName.overload.isEmpty {
      header.append("overload: \(quoted(NameSpelling.original(function.operatorName.overload)))")
    }
    header.append("opset_import: \(text(function.operatorSets))")
    let attributes =
      function.attributeNames.map(name) + function.attributes.map { text($0, indent: "") }
    let parameters = attributes.isEmpty ? "" : "<\(attributes.joined(separator: ", "))> "
    let inputs = function.inputs.map(name).joined(separator: ", ")
    let outputs = function.outputs.map(name).joined(separator: ", ")
    let nodes = function.nodes.map { "  \(text($0, indent: "  "))\n" }.joined()
    return
      "<\(header.joined(separator: ", "))>\n\(name(function.operatorName.type)) \(parameters)(\(inputs)) "
      + "=> (\(outputs)) {\n\(nodes)}"
  }

  private func text(_ node: Node, indent: String) -> String {
    let label = node.name.isEmpty ? "" : "[\(name(node.name))] "
    let outputs = node.outputs.map(name).joined(separator: ", ")
    var operation = name(node.operatorName.type)
    if !node.operatorName.domain.isEmpty {
      let parts = node.operatorName.domain.split(separator: ".", omittingEmptySubsequences: false)
      let isPlain = parts.allSatisfy { isIdentifier(String($0)) }
      operation = (isPlain ? node.operatorName.domain : name(node.operatorName.domain)) + "." + operation
    }
    if !node.operatorName.overload.isEmpty { operation += ":\(name(node.operatorName.overload))" }
    let inputs = "(\(node.inputs.map(name).joined(separator: ", ")))"
    let items = node.attributes.map { text($0, indent: indent) }.joined(separator: ", ")
    let attributes = items.isEmpty ? "" : " <\(items)>"
    let rest = node.subgraphs.isEmpty ? "\(attributes) \(inputs)" : " \(inputs)\(attributes)"
    return "\(label)\(outputs)\(outputs.isEmpty ? "" : " ")= \(operation)\(rest)"
  }

  private func text(_ attribute: Attribute, indent: String) -> String {
    let (type, value): (String, String) =
      switch attribute.value {
      case .float(let number): ("float", "\(number)")
      case .int(let number): ("int", "\(number)")
      case .string(let bytes): ("string", quoted(String(decoding: bytes, as: UTF8.self)))
      case .tensor(let tensor): ("tensor", literal(tensor))
      case .graph(let graph): ("graph", text(graph, indent: indent))
      case .type(let type): ("type_proto", text(type))
      case .floats(let numbers): ("floats", list(numbers.map { "\($0)" }))
      case .ints(let numbers): ("ints", list(numbers.map { "\($0)" }))
      case .strings(let items): ("strings", list(items.map { quoted(String(decoding: $0, as: UTF8.self)) }))
      case .tensors(let tensors): ("tensors", list(tensors.map(literal)))
      case .graphs(let graphs): ("graphs", list(graphs.map { text($0, indent: indent) }))
      case .types(let types): ("type_protos", list(types.map(text)))
      case .reference(let target, let type): (AttributeTypeName.name(of: type), "@\(name(target))")
      case .sparseTensor: ("sparse_tensor", "{…}")
      case .sparseTensors: ("sparse_tensors", "{…}")
      case .undefined: ("undefined", "{…}")
      }
    return "\(name(attribute.name)): \(type) = \(value)"
  }

  private func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

  private func text(_ sets: [OperatorSet]) -> String {
    list(sets.map { "\(quoted(NameSpelling.original($0.domain))) : \($0.version)" })
  }

  private func text(_ value: ValueDescription) -> String {
    guard let type = value.type else { return name(value.name) }
    return "\(text(type)) \(name(value.name))"
  }

  private func text(_ type: TypeDescription) -> String {
    switch type.kind {
    case .tensor(let elementType, let shape): tensorText(elementType, shape)
    case .sparseTensor(let elementType, let shape): "sparse_tensor(\(tensorText(elementType, shape)))"
    case .sequence(let element): "seq(\(text(element)))"
    case .optional(let element): "optional(\(text(element)))"
    case .map(let key, let value): "map(\(elementName(key)), \(text(value)))"
    case .opaque(let domain, let name):
      "opaque(\(quoted(NameSpelling.original(domain))), \(quoted(NameSpelling.original(name))))"
    case .unspecified: "undefined"
    }
  }

  private func tensorText(_ elementType: Int32, _ shape: [Dimension]?) -> String {
    guard let shape else { return elementName(elementType) + "[]" }
    guard !shape.isEmpty else { return elementName(elementType) }
    let extents = shape.map { dimension -> String in
      switch dimension.extent {
      case .value(let extent): "\(extent)"
      case .parameter(let parameter): name(parameter)
      case .unknown: "?"
      }
    }
    return "\(elementName(elementType))[\(extents.joined(separator: ","))]"
  }

  private func elementName(_ number: Int32) -> String { ElementType(rawValue: number)?.name ?? "undefined" }

  private func type(of tensor: TensorConstant) -> String {
    tensorText(tensor.elementType.rawValue, tensor.shape.extents.map { Dimension(.value(Int64($0))) })
  }

  private func literal(_ tensor: TensorConstant) -> String {
    "\(type(of: tensor)) \(tensor.name.isEmpty ? "" : name(tensor.name) + " = ")\(elements(of: tensor))"
  }

  private func elements(of tensor: TensorConstant) -> String {
    guard tensor.shape.elementCount <= elementLimit ?? .max else { return "{…}" }
    let items: [String]
    switch tensor.payload {
    case .strings(let strings, _): items = strings.map { quoted(String(decoding: $0, as: UTF8.self)) }
    case .dense(let elements):
      guard let texts = elements.elementTexts else { return "{…}" }
      items = texts
    }
    return "{\(items.joined(separator: ", "))}"
  }
}

extension Tensor {
  /// Each element as text, or nil for types without a text form.
  fileprivate var elementTexts: [String]? {
    switch elementType {
    case .float32: elements(of: Float.self).map { "\($0)" }
    case .float64: elements(of: Double.self).map { "\($0)" }
    case .int64, .int32, .bool: integers.map { $0.map { "\($0)" } }
    case .int8: elements(of: Int8.self).map { "\($0)" }
    case .int16: elements(of: Int16.self).map { "\($0)" }
    case .uint8: elements(of: UInt8.self).map { "\($0)" }
    case .uint16: elements(of: UInt16.self).map { "\($0)" }
    case .uint32: elements(of: UInt32.self).map { "\($0)" }
    case .uint64: elements(of: UInt64.self).map { "\($0)" }
    default: nil
    }
  }
}

/// Names of attribute types in the text syntax, by ONNX's numbers.
enum AttributeTypeName {
  static let names: [(number: Int32, name: String)] = [
    (1, "float"), (2, "int"), (3, "string"), (4, "tensor"), (5, "graph"), (6, "floats"), (7, "ints"),
    (8, "strings"), (9, "tensors"), (10, "graphs"), (11, "sparse_tensor"), (12, "sparse_tensors"),
    (13, "type_proto"), (14, "type_protos"),
  ]

  static func name(of number: Int32) -> String { names.first { $0.number == number }?.name ?? "undefined" }
}

/// Whether a name needs no quotes.
func isIdentifier(_ name: String) -> Bool {
  guard let first = name.utf8.first, TextScanner.isLetter(first) else { return false }
  return name.utf8.allSatisfy { TextScanner.isLetter($0) || TextScanner.isDigit($0) }
}

/// A name as the text syntax writes it: bare, or quoted where it has other characters than letters, digits and `_`.
func name(_ name: String) -> String { isIdentifier(name) ? name : quoted(NameSpelling.original(name)) }

/// A text in quotes.
func quoted(_ text: String) -> String {
  var result = "\""
  for character in text.unicodeScalars {
    if character == "\"" || character == "\\" { result += "\\" }
    result.unicodeScalars.append(character)
  }
  return result + "\""
}

extension Graph {
  /// The graph in ONNX's text syntax.
  ///
  /// - Parameter elementLimit: tensors with more elements are printed as `{…}`; nil prints all.
  public func text(elementLimit: Int? = nil) -> String {
    GraphTextPrinter(elementLimit: elementLimit).text(self, indent: "")
  }
}

extension ModelDescription {
  /// The model in ONNX's text syntax.
  ///
  /// - Parameter elementLimit: tensors with more elements are printed as `{…}`; nil prints all.
  public func text(elementLimit: Int? = nil) -> String {
    GraphTextPrinter(elementLimit: elementLimit).text(self)
  }
}
