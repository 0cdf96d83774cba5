/// A graph as a model file holds it (ONNX `GraphProto`), lossless, as a value.
public struct Graph: Sendable {
  /// The graph's name.
  public var name: String { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// Nodes in the file's order, which should be, but need not be, topological.
  public var nodes: [Node] { didSet { origin = nil } }
  /// Inputs.
  ///
  /// Files before IR 4 list the initializers here too.
  public var inputs: [ValueDescription] { didSet { origin = nil } }
  /// Outputs.
  public var outputs: [ValueDescription] { didSet { origin = nil } }
  /// Declared types of inner values.
  public var valueDescriptions: [ValueDescription] { didSet { origin = nil } }
  /// Constant tensors.
  public var initializers: [TensorConstant] { didSet { origin = nil } }
  /// Constant sparse tensors.
  public var sparseInitializers: [SparseTensorConstant] { didSet { origin = nil } }
  /// Quantisation annotations (ONNX `TensorAnnotation`).
  public var quantizationAnnotations: [QuantizationAnnotation] { didSet { origin = nil } }
  /// Metadata.
  public var metadata: [MetadataEntry] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  /// Field numbers in the order in which they first occurred in the file.
  package var fieldOrder: [Int] = []
  package var origin: SourceBytes?

  /// A graph.
  public init(
    name: String, nodes: [Node] = [], inputs: [ValueDescription] = [], outputs: [ValueDescription] = [],
    valueDescriptions: [ValueDescription] = [], initializers: [TensorConstant] = []
  ) {
    self.name = name
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
    self.valueDescriptions = valueDescriptions
    self.initializers = initializers
    sparseInitializers = []
    quantizationAnnotations = []
    metadata = []
  }

  /// Inputs that a caller must feed: those that no initializer gives a value.
  public var requiredInputs: [ValueDescription] {
    let given = Set(initializers.map(\.name)).union(sparseInitializers.map(\.values.name))
    return inputs.filter { !given.contains($0.name) }
  }
}

/// Quantisation parameters of a value, by name of the tensors that hold them.
public struct QuantizationAnnotation: Sendable {
  /// The annotated value.
  public var tensorName: String { didSet { origin = nil } }
  /// Pairs such as `SCALE_TENSOR` → value name.
  public var parameters: [MetadataEntry] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// An annotation.
  public init(tensorName: String, parameters: [MetadataEntry]) {
    self.tensorName = tensorName
    self.parameters = parameters
  }
}
