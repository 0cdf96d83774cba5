import Tensors

extension GraphTextParser {
  /// Declared values between two characters; those with elements become initializers too.
  mutating func values(
    _ open: Character, _ close: Character, _ initializers: inout [TensorConstant]
  ) throws(GraphError) -> [ValueDescription] {
    var values: [ValueDescription] = []
    try scanner.expect(open)
    while !scanner.sees(close) {
      let value = try value()
      values.append(value)
      if scanner.accepts("=") { initializers.append(try constant(value)) }
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect(close)
    return values
  }

  /// The declarations of a graph: initializers have elements, the others are types of inner values.
  mutating func declarations(
    _ initializers: inout [TensorConstant]
  ) throws(GraphError) -> [ValueDescription] {
    var values: [ValueDescription] = []
    try scanner.expect("<")
    while !scanner.sees(">") {
      let value = try value()
      if scanner.accepts("=") {
        initializers.append(try constant(value))
      } else {
        values.append(value)
      }
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect(">")
    return values
  }

  private mutating func value() throws(GraphError) -> ValueDescription {
    let start = scanner
    // A lone name is a value without a type; a type is followed by a name.
    let first = try scanner.name()
    if scanner.sees(",") || scanner.sees(")") || scanner.sees(">") {
      return ValueDescription(name: first, type: nil)
    }
    scanner = start
    let type = try type()
    return ValueDescription(name: try scanner.name(), type: type)
  }

  private mutating func constant(_ value: ValueDescription) throws(GraphError) -> TensorConstant {
    guard case .tensor(let elementType, let shape)? = value.type?.kind else {
      throw scanner.fault("a tensor type before '\(value.name)'")
    }
    return try tensor(name: value.name, elementType, shape)
  }

  mutating func type() throws(GraphError) -> TypeDescription {
    try enter()
    defer { depth -= 1 }
    let start = scanner
    switch scanner.word() {
    case "seq": return TypeDescription(.sequence(try parenthesized()))
    case "optional": return TypeDescription(.optional(try parenthesized()))
    case "sparse_tensor":
      guard case .tensor(let elementType, let shape) = try parenthesized().kind else {
        throw start.fault("a tensor type")
      }
      return TypeDescription(.sparseTensor(elementType: elementType, shape: shape))
    case "map":
      try scanner.expect("(")
      let key = try elementType()
      try scanner.expect(",")
      let value = try type()
      try scanner.expect(")")
      return TypeDescription(.map(keyType: key.rawValue, value: value))
    case "opaque":
      try scanner.expect("(")
      let domain = try scanner.name()
      try scanner.expect(",")
      let name = try scanner.name()
      try scanner.expect(")")
      return TypeDescription(.opaque(domain: domain, name: name))
    case "undefined": return TypeDescription(.unspecified)
    default:
      scanner = start
      let elementType = try elementType()
      return TypeDescription(.tensor(elementType: elementType.rawValue, shape: try shape()))
    }
  }

  private mutating func parenthesized() throws(GraphError) -> TypeDescription {
    try scanner.expect("(")
    let type = try type()
    try scanner.expect(")")
    return type
  }

  private mutating func elementType() throws(GraphError) -> ElementType {
    let start = scanner
    guard let word = scanner.word(), let type = ElementType.allCases.first(where: { $0.name == word }) else {
      throw start.fault("an element type")
    }
    return type
  }

  /// Extents in brackets: none is a scalar, empty ones are an unknown rank.
  private mutating func shape() throws(GraphError) -> [Dimension]? {
    guard scanner.accepts("[") else { return [] }
    guard !scanner.accepts("]") else { return nil }
    var dimensions: [Dimension] = []
    repeat {
      if scanner.accepts("?") {
        dimensions.append(Dimension(.unknown))
      } else if scanner.seesNumber() {
        dimensions.append(Dimension(.value(try scanner.integer())))
      } else {
        dimensions.append(Dimension(.parameter(try scanner.name())))
      }
    } while scanner.accepts(",")
    try scanner.expect("]")
    return dimensions
  }

  mutating func attribute() throws(GraphError) -> Attribute {
    let name = try scanner.name()
    var declared: String?
    if scanner.accepts(":") {
      let start = scanner
      declared = scanner.word()
      guard AttributeTypeName.names.contains(where: { $0.name == declared }) else {
        throw start.fault("an attribute type")
      }
    }
    try scanner.expect("=")
    if scanner.accepts("@") {
      let number = AttributeTypeName.names.first { $0.name == declared }?.number ?? 0
      return Attribute(name, .reference(try scanner.name(), type: number))
    }
    return Attribute(name, try attributeValue(declared))
  }

  private mutating func attributeValue(_ declared: String?) throws(GraphError) -> Attribute.Value {
    if declared == "type_proto" { return .type(try type()) }
    guard scanner.accepts("[") else { return try single(declared) }
    let start = scanner
    var items: [Attribute.Value] = []
    let itemType = declared.map { $0.hasSuffix("s") ? String($0.dropLast()) : $0 }
    while !scanner.sees("]") {
      items.append(itemType == "type_proto" ? .type(try type()) : try single(itemType))
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect("]")
    guard let list = Attribute.Value(list: items, declared: declared) else {
      throw start.fault("items of one type, or a type for an empty list")
    }
    return list
  }

  private mutating func single(_ declared: String?) throws(GraphError) -> Attribute.Value {
    if declared == "graph" { return .graph(try graph()) }
    if scanner.seesNumber() {
      switch try scanner.number() {
      case .int(let value): return declared == "float" ? .float(Float(value)) : .int(value)
      case .float(let value): return .float(Float(value))
      }
    }
    if declared != "tensor", scanner.sees("\""), declared == nil || declared == "string" {
      return .string(try scanner.quotedBytes())
    }
    let start = scanner
    if let word = scanner.word(), ElementType.allCases.contains(where: { $0.name == word }),
      !scanner.sees("(")
    {
      scanner = start
      guard case .tensor(let elementType, let shape) = try type().kind else { throw start.fault("a tensor") }
      var name = ""
      if scanner.seesName() {
        name = try scanner.name()
        try scanner.expect("=")
      }
      return .tensor(try tensor(name: name, elementType, shape))
    }
    scanner = start
    return .graph(try graph())
  }
}

extension Attribute.Value {
  /// A list from its items, or nil where they are of several types or an empty list has no declared type.
  fileprivate init?(list items: [Attribute.Value], declared: String?) {
    switch declared ?? items.first?.listTypeName {
    case "ints":
      self = .ints(items.compactMap { if case .int(let item) = $0 { item } else { nil } })
    case "floats":
      self = .floats(
        items.compactMap {
          switch $0 {
          case .float(let item): item
          case .int(let item): Float(item)
          default: nil
          }
        })
    case "strings":
      self = .strings(items.compactMap { if case .string(let item) = $0 { item } else { nil } })
    case "tensors":
      self = .tensors(items.compactMap { if case .tensor(let item) = $0 { item } else { nil } })
    case "graphs":
      self = .graphs(items.compactMap { if case .graph(let item) = $0 { item } else { nil } })
    case "type_protos":
      self = .types(items.compactMap { if case .type(let item) = $0 { item } else { nil } })
    default: return nil
    }
    guard listCount == items.count else { return nil }
  }

  private var listTypeName: String? {
    switch self {
    case .int: "ints"
    case .float: "floats"
    case .string: "strings"
    case .tensor: "tensors"
    case .graph: "graphs"
    default: nil
    }
  }

  private var listCount: Int {
    switch self {
    case .ints(let items): items.count
    case .floats(let items): items.count
    case .strings(let items): items.count
    case .tensors(let items): items.count
    case .graphs(let items): items.count
    case .types(let items): items.count
    default: 0
    }
  }
}
