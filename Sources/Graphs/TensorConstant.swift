public import Tensors

/// A tensor as a model file stores it (ONNX `TensorProto`): initializer or attribute.
public struct TensorConstant: Sendable {
  /// The elements.
  public enum Payload: Sendable {
    /// Elements of fixed size. The bytes may lie in the mapped file or in a mapped external file.
    case dense(Tensor)
    /// Byte strings.
    case strings([[UInt8]], shape: Shape)
  }
  /// Where the elements stand when they are written.
  public struct ExternalLocation: Hashable, Sendable {
    /// Path relative to the model file's folder.
    public var path: String
    /// Offset of the first byte.
    public var offset: Int
    /// Bytes, or nil where the file did not say.
    public var length: Int?
    /// Checksum as the file gives it.
    public var checksum: String?

    /// A place in an external data file.
    public init(path: String, offset: Int, length: Int?, checksum: String? = nil) {
      self.path = path
      self.offset = offset
      self.length = length
      self.checksum = checksum
    }
  }

  /// The tensor's name; empty in attributes.
  public var name: String { didSet { origin = nil } }
  /// The elements.
  ///
  /// Other elements no longer stand in the external file: setting them makes the tensor an inline one.
  public var payload: Payload {
    didSet {
      external = nil
      origin = nil
    }
  }
  /// Set where the elements stand in another file: by the reader, and by the writer when it places them there.
  public package(set) var external: ExternalLocation? { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// Metadata.
  public var metadata: [MetadataEntry] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// A named tensor that is written inline.
  public init(
    name: String, _ tensor: Tensor, documentation: String? = nil, metadata: [MetadataEntry] = []
  ) {
    self.name = name
    payload = .dense(tensor)
    self.documentation = documentation
    self.metadata = metadata
  }

  /// A named tensor of byte strings.
  public init(name: String, strings: [[UInt8]], shape: Shape) {
    self.name = name
    payload = .strings(strings, shape: shape)
    metadata = []
  }

  /// Type of the elements.
  public var elementType: ElementType {
    switch payload {
    case .dense(let tensor): tensor.elementType
    case .strings: .string
    }
  }

  /// Extent per axis.
  public var shape: Shape {
    switch payload {
    case .dense(let tensor): tensor.shape
    case .strings(_, let shape): shape
    }
  }

  /// The elements, or nil for strings.
  public var tensor: Tensor? {
    switch payload {
    case .dense(let tensor): tensor
    case .strings: nil
    }
  }
}

/// A sparse tensor (ONNX `SparseTensorProto`): carried from file to file, not computed with.
public struct SparseTensorConstant: Sendable {
  /// The non-zero elements; their name is the sparse tensor's name.
  public var values: TensorConstant { didSet { origin = nil } }
  /// Positions of the elements.
  public var indices: TensorConstant { didSet { origin = nil } }
  /// Extents of the dense tensor.
  ///
  /// Untrusted.
  public var extents: [Int64] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// A sparse tensor.
  public init(values: TensorConstant, indices: TensorConstant, extents: [Int64]) {
    self.values = values
    self.indices = indices
    self.extents = extents
  }
}
