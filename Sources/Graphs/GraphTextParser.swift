import Tensors

/// Reads models and graphs in ONNX's text syntax.
///
///     <ir_version: 8, opset_import: ["" : 17]>
///     agraph (float[N,3] x) => (float[N,3] y) <float[3] w = {1, 2, 3}> {
///       [first] a = Relu (x)
///       y = com.example.Scale <alpha = 0.5> (a, w)
///     }
///
/// A bare type is a scalar, `float[]` a tensor of unknown rank; names with other characters than letters, digits and `_`
/// are quoted. Source: onnx/docs/Syntax.md and ONNX's parser.
struct GraphTextParser {
  /// How deep subgraphs and types may be nested.
  static let depthLimit = 64
  var scanner: TextScanner
  var depth = 0

  init(_ text: String) { scanner = TextScanner(text) }

  mutating func model() throws(GraphError) -> ModelDescription {
    var model = ModelDescription(irVersion: 0, operatorSets: [], graph: Graph(name: ""))
    try header { parser, key throws(GraphError) in
      switch key {
      case "ir_version": model.irVersion = try parser.scanner.integer()
      case "opset_import": model.operatorSets = try parser.operatorSets()
      case "producer_name": model.producerName = try parser.scanner.text()
      case "producer_version": model.producerVersion = try parser.scanner.text()
      case "domain": model.domain = try parser.scanner.text()
      case "model_version": model.modelVersion = try parser.scanner.integer()
      case "doc_string": model.documentation = try parser.scanner.text()
      case "metadata_props": model.metadata = try parser.entries()
      default: return false
      }
      return true
    }
    model.graph = try graph()
    while !scanner.isAtEnd() { model.functions.append(try function()) }
    return model
  }

  mutating func wholeGraph() throws(GraphError) -> Graph {
    let graph = try graph()
    guard scanner.isAtEnd() else { throw scanner.fault("the end") }
    return graph
  }

  mutating func graph() throws(GraphError) -> Graph {
    try enter()
    defer { depth -= 1 }
    var graph = Graph(name: try scanner.name())
    var initializers: [TensorConstant] = []
    graph.inputs = try values("(", ")", &initializers)
    try arrow()
    graph.outputs = try values("(", ")", &initializers)
    if scanner.sees("<") { graph.valueDescriptions = try declarations(&initializers) }
    graph.initializers = initializers
    graph.nodes = try nodes()
    return graph
  }

  private mutating func function() throws(GraphError) -> Function {
    var name = OperatorName("")
    var sets: [OperatorSet] = []
    var documentation: String?
    try header { parser, key throws(GraphError) in
      switch key {
      case "domain": name.domain = try parser.scanner.name()
      case "overload": name.overload = try parser.scanner.name()
      case "opset_import": sets = try parser.operatorSets()
      case "doc_string": documentation = try parser.scanner.text()
      default: return false
      }
      return true
    }
    name.type = try scanner.name()
    var attributeNames: [String] = []
    var attributes: [Attribute] = []
    if scanner.accepts("<") {
      while !scanner.sees(">") {
        let start = scanner
        let attributeName = try scanner.name()
        if scanner.sees(",") || scanner.sees(">") {
          attributeNames.append(attributeName)
        } else {
          scanner = start
          attributes.append(try attribute())
        }
        guard scanner.accepts(",") else { break }
      }
      try scanner.expect(">")
    }
    let inputs = try names("(", ")")
    try arrow()
    let outputs = try names("(", ")")
    var function = Function(name, inputs: inputs, outputs: outputs, nodes: try nodes())
    function.attributeNames = attributeNames
    function.attributes = attributes
    function.operatorSets = sets
    function.documentation = documentation
    return function
  }

  private mutating func nodes() throws(GraphError) -> [Node] {
    var nodes: [Node] = []
    try scanner.expect("{")
    while !scanner.accepts("}") { nodes.append(try node()) }
    return nodes
  }

  private mutating func node() throws(GraphError) -> Node {
    var label = ""
    if scanner.accepts("[") {
      label = try scanner.name()
      try scanner.expect("]")
    }
    var outputs: [String] = []
    while scanner.seesName() {
      outputs.append(try scanner.name())
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect("=")
    var parts = [try scanner.name()]
    while scanner.accepts(".") { parts.append(try scanner.name()) }
    let overload = scanner.accepts(":") ? try scanner.name() : ""
    var attributes = try attributeList()
    let inputs = try names("(", ")")
    attributes += try attributeList()
    let operatorName = OperatorName(
      parts[parts.count - 1], domain: parts.dropLast().joined(separator: "."), overload: overload)
    return Node(operatorName, name: label, inputs: inputs, outputs: outputs, attributes: attributes)
  }

  private mutating func attributeList() throws(GraphError) -> [Attribute] {
    guard scanner.accepts("<") else { return [] }
    var attributes: [Attribute] = []
    while !scanner.sees(">") {
      attributes.append(try attribute())
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect(">")
    return attributes
  }

  private mutating func header(
    _ read: (inout GraphTextParser, String) throws(GraphError) -> Bool
  ) throws(GraphError) {
    guard scanner.accepts("<") else { return }
    while !scanner.sees(">") {
      let start = scanner
      let key = try scanner.name()
      try scanner.expect(":")
      guard try read(&self, key) else { throw start.fault("a key of the header") }
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect(">")
  }

  private mutating func operatorSets() throws(GraphError) -> [OperatorSet] {
    var sets: [OperatorSet] = []
    try scanner.expect("[")
    while !scanner.sees("]") {
      let domain = try scanner.name()
      try scanner.expect(":")
      sets.append(OperatorSet(domain: domain, version: try scanner.integer()))
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect("]")
    return sets
  }

  private mutating func entries() throws(GraphError) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    try scanner.expect("[")
    while !scanner.sees("]") {
      let key = try scanner.text()
      try scanner.expect(":")
      entries.append(MetadataEntry(key: key, value: try scanner.text()))
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect("]")
    return entries
  }

  private mutating func names(_ open: Character, _ close: Character) throws(GraphError) -> [String] {
    var names: [String] = []
    try scanner.expect(open)
    while !scanner.sees(close) {
      names.append(try scanner.name())
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect(close)
    return names
  }

  private mutating func arrow() throws(GraphError) {
    try scanner.expect("=")
    try scanner.expect(">")
  }

  mutating func enter() throws(GraphError) {
    guard depth < GraphTextParser.depthLimit else {
      throw scanner.fault("at most \(GraphTextParser.depthLimit) levels of nesting")
    }
    depth += 1
  }
}

extension Graph {
  /// A graph from ONNX's text syntax: `g (float[2] x) => (float[2] y) { y = Relu (x) }`.
  ///
  /// - Throws: `GraphError` with line and column.
  public init(text: String) throws(GraphError) {
    var parser = GraphTextParser(text)
    self = try parser.wholeGraph()
  }
}

extension ModelDescription {
  /// A model from ONNX's text syntax: `<ir_version: 8, opset_import: ["" : 17]>` and a graph, then functions.
  ///
  /// - Throws: `GraphError` with line and column.
  public init(text: String) throws(GraphError) {
    var parser = GraphTextParser(text)
    self = try parser.model()
  }
}
