/// One axis of a declared shape (ONNX `TensorShapeProto.Dimension`).
public struct Dimension: Hashable, Sendable {
  /// What the file says about the extent.
  public enum Extent: Hashable, Sendable {
    /// A fixed extent. Untrusted: may be negative.
    case value(Int64)
    /// A name that stands for the same extent wherever it occurs.
    case parameter(String)
    /// Nothing is said.
    case unknown
  }
  /// The extent.
  public var extent: Extent
  /// Meaning of the axis, for example `DATA_BATCH`.
  public var denotation: String?

  /// A dimension.
  public init(_ extent: Extent, denotation: String? = nil) {
    self.extent = extent
    self.denotation = denotation
  }
}

extension Dimension: CustomStringConvertible {
  /// The extent as people read it: `224`, `batch` or `?`.
  public var description: String {
    switch extent {
    case .value(let extent): String(extent)
    case .parameter(let name): name
    case .unknown: "?"
    }
  }
}

/// A declared type (ONNX `TypeProto`).
///
/// Element types are raw numbers since a file may hold unknown ones.
public struct TypeDescription: Hashable, Sendable {
  /// The kind of value.
  public indirect enum Kind: Hashable, Sendable {
    /// A dense tensor; `shape` nil means that even the rank is unknown.
    case tensor(elementType: Int32, shape: [Dimension]?)
    /// A sparse tensor.
    case sparseTensor(elementType: Int32, shape: [Dimension]?)
    /// A sequence of values.
    case sequence(TypeDescription)
    /// An optional value.
    case optional(TypeDescription)
    /// A map from keys of an integer or string type.
    case map(keyType: Int32, value: TypeDescription)
    /// An opaque type of some domain.
    case opaque(domain: String, name: String)
    /// No kind is set.
    case unspecified
  }
  /// The kind.
  public var kind: Kind
  /// Meaning of the value, for example `IMAGE`.
  public var denotation: String?

  /// A type.
  public init(_ kind: Kind, denotation: String? = nil) {
    self.kind = kind
    self.denotation = denotation
  }
}

/// A named value with a declared type (ONNX `ValueInfoProto`).
public struct ValueDescription: Sendable {
  /// The value's name.
  public var name: String { didSet { origin = nil } }
  /// Its declared type.
  public var type: TypeDescription? { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// Metadata.
  public var metadata: [MetadataEntry] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// A value with a type.
  public init(
    name: String, type: TypeDescription?, documentation: String? = nil, metadata: [MetadataEntry] = []
  ) {
    self.name = name
    self.type = type
    self.documentation = documentation
    self.metadata = metadata
  }
}
