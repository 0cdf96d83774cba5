/// A graph as a model file holds it (ONNX `GraphProto`), lossless, as a value.
public struct Graph: Sendable {
  /// The graph's name.
  public var name: String { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// Nodes in the file's order, which should be, but need not be, topological.
  public var nodes: [Node] {
    get { storedNodes }
    _modify {
      origin = nil
      yield &storedNodes
    }
  }
  /// Inputs.
  ///
  /// Files before IR 4 list the initializers here too.
  public var inputs: [ValueDescription] {
    get { storedInputs }
    _modify {
      origin = nil
      yield &storedInputs
    }
  }
  /// Outputs.
  public var outputs: [ValueDescription] {
    get { storedOutputs }
    _modify {
      origin = nil
      yield &storedOutputs
    }
  }
  /// Declared types of inner values.
  public var valueDescriptions: [ValueDescription] {
    get { storedValueDescriptions }
    _modify {
      origin = nil
      yield &storedValueDescriptions
    }
  }
  /// Constant tensors.
  public var initializers: [TensorConstant] {
    get { storedInitializers }
    _modify {
      origin = nil
      yield &storedInitializers
    }
  }
  /// Constant sparse tensors.
  public var sparseInitializers: [SparseTensorConstant] {
    get { storedSparseInitializers }
    _modify {
      origin = nil
      yield &storedSparseInitializers
    }
  }
  /// Quantisation annotations (ONNX `TensorAnnotation`).
  public var quantizationAnnotations: [QuantizationAnnotation] {
    get { storedQuantizationAnnotations }
    _modify {
      origin = nil
      yield &storedQuantizationAnnotations
    }
  }
  /// Metadata.
  public var metadata: [MetadataEntry] {
    get { storedMetadata }
    _modify {
      origin = nil
      yield &storedMetadata
    }
  }
  // Changed in place: an observer would copy a whole array for each element that is set.
  private var storedNodes: [Node]
  private var storedInputs: [ValueDescription]
  private var storedOutputs: [ValueDescription]
  private var storedValueDescriptions: [ValueDescription]
  private var storedInitializers: [TensorConstant]
  private var storedSparseInitializers: [SparseTensorConstant]
  private var storedQuantizationAnnotations: [QuantizationAnnotation]
  private var storedMetadata: [MetadataEntry]
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
    storedNodes = nodes
    storedInputs = inputs
    storedOutputs = outputs
    storedValueDescriptions = valueDescriptions
    storedInitializers = initializers
    storedSparseInitializers = []
    storedQuantizationAnnotations = []
    storedMetadata = []
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
