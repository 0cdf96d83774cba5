/// A named parameter of a node (ONNX `AttributeProto`).
public struct Attribute: Sendable {
  /// The value; its case is the attribute's type.
  ///
  /// Large ones are indirect, so that the many small ones stay small.
  public enum Value: Sendable {
    /// One float.
    case float(Float)
    /// One integer.
    case int(Int64)
    /// One byte string, usually UTF-8.
    case string([UInt8])
    /// One tensor.
    indirect case tensor(TensorConstant)
    /// One subgraph.
    indirect case graph(Graph)
    /// One sparse tensor.
    indirect case sparseTensor(SparseTensorConstant)
    /// One type.
    case type(TypeDescription)
    /// Floats.
    case floats([Float])
    /// Integers.
    case ints([Int64])
    /// Byte strings.
    case strings([[UInt8]])
    /// Tensors.
    case tensors([TensorConstant])
    /// Subgraphs.
    case graphs([Graph])
    /// Sparse tensors.
    case sparseTensors([SparseTensorConstant])
    /// Types.
    case types([TypeDescription])
    /// The enclosing function's attribute of this name and type number.
    case reference(String, type: Int32)
    /// An attribute whose type number is not known; its content stays in the origin and unknown fields.
    case undefined(type: Int32)
  }
  /// The attribute's name.
  public var name: String { didSet { origin = nil } }
  /// Its value.
  public var value: Value { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// An attribute.
  public init(_ name: String, _ value: Value, documentation: String? = nil) {
    self.name = name
    self.value = value
    self.documentation = documentation
  }

  /// An integer attribute.
  public init(_ name: String, _ value: Int) { self.init(name, .int(Int64(value))) }

  /// A float attribute.
  public init(_ name: String, _ value: Float) { self.init(name, .float(value)) }

  /// A text attribute.
  public init(_ name: String, _ value: String) { self.init(name, .string(Array(value.utf8))) }

  /// An attribute of several integers.
  public init(_ name: String, _ values: [Int]) { self.init(name, .ints(values.map(Int64.init))) }
}
