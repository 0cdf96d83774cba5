/// A model file's content (ONNX `ModelProto`), lossless, as a value.
public struct ModelDescription: Sendable {
  /// Version of the file format.
  public var irVersion: Int64 { didSet { origin = nil } }
  /// Imported operator sets.
  public var operatorSets: [OperatorSet] {
    get { storedOperatorSets }
    _modify {
      origin = nil
      yield &storedOperatorSets
    }
  }
  /// Tool that made the file.
  public var producerName: String? { didSet { origin = nil } }
  /// Version of that tool.
  public var producerVersion: String? { didSet { origin = nil } }
  /// Name space of the model.
  public var domain: String? { didSet { origin = nil } }
  /// Version of the model.
  public var modelVersion: Int64? { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// The main graph.
  public var graph: Graph {
    get { storedGraph }
    _modify {
      origin = nil
      yield &storedGraph
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
  /// Training information.
  public var training: [TrainingDescription] {
    get { storedTraining }
    _modify {
      origin = nil
      yield &storedTraining
    }
  }
  /// Functions local to the model.
  public var functions: [Function] {
    get { storedFunctions }
    _modify {
      origin = nil
      yield &storedFunctions
    }
  }
  /// Multi-device configurations (ONNX `DeviceConfigurationProto`), each as its encoded message.
  package var deviceConfigurations: [[UInt8]] = [] { didSet { origin = nil } }
  // Changed in place: an observer would copy a whole array for each element that is set.
  private var storedOperatorSets: [OperatorSet]
  private var storedGraph: Graph
  private var storedMetadata: [MetadataEntry]
  private var storedTraining: [TrainingDescription]
  private var storedFunctions: [Function]
  package var unknownFields: UnknownFields = []
  package var fieldOrder: [Int] = []
  package var origin: SourceBytes?
  /// The file it was read from, in whose folder external data files stand.
  package var sourcePath: String?
  /// What is unusual about the file that it was read from, a line each: nothing that keeps it from being used.
  package var warnings: [String] = []

  /// A model.
  public init(irVersion: Int64, operatorSets: [OperatorSet], graph: Graph) {
    self.irVersion = irVersion
    storedOperatorSets = operatorSets
    storedGraph = graph
    storedMetadata = []
    storedTraining = []
    storedFunctions = []
  }

  /// The imported version of a domain, or nil where the model does not import it.
  public func version(of domain: String) -> Int64? {
    let domain = domain == "ai.onnx" ? "" : domain
    return operatorSets.first { ($0.domain == "ai.onnx" ? "" : $0.domain) == domain }?.version
  }
}

/// A function local to a model (ONNX `FunctionProto`).
public struct Function: Sendable {
  /// Domain, name and overload by which nodes call it.
  public var operatorName: OperatorName { didSet { origin = nil } }
  /// Names of the inputs.
  public var inputs: [String] { didSet { origin = nil } }
  /// Names of the outputs.
  public var outputs: [String] { didSet { origin = nil } }
  /// Names of attributes without default.
  public var attributeNames: [String] { didSet { origin = nil } }
  /// Attributes with their default.
  public var attributes: [Attribute] {
    get { storedAttributes }
    _modify {
      origin = nil
      yield &storedAttributes
    }
  }
  /// The body.
  public var nodes: [Node] {
    get { storedNodes }
    _modify {
      origin = nil
      yield &storedNodes
    }
  }
  /// Operator sets that the body imports.
  public var operatorSets: [OperatorSet] {
    get { storedOperatorSets }
    _modify {
      origin = nil
      yield &storedOperatorSets
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
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
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
  private var storedAttributes: [Attribute]
  private var storedValueDescriptions: [ValueDescription]
  private var storedOperatorSets: [OperatorSet]
  private var storedMetadata: [MetadataEntry]
  package var unknownFields: UnknownFields = []
  package var fieldOrder: [Int] = []
  package var origin: SourceBytes?

  /// A function.
  public init(_ operatorName: OperatorName, inputs: [String], outputs: [String], nodes: [Node]) {
    self.operatorName = operatorName
    self.inputs = inputs
    self.outputs = outputs
    storedNodes = nodes
    attributeNames = []
    storedAttributes = []
    storedOperatorSets = []
    storedValueDescriptions = []
    storedMetadata = []
  }
}

/// How a model may be trained (ONNX `TrainingInfoProto`).
public struct TrainingDescription: Sendable {
  /// Graph that initialises the state.
  public var initialization: Graph? { didSet { origin = nil } }
  /// Graph of one step.
  public var algorithm: Graph? { didSet { origin = nil } }
  /// State that initialisation sets: initializer → output.
  public var initializationBinding: [MetadataEntry] { didSet { origin = nil } }
  /// State that a step updates: initializer → output.
  public var updateBinding: [MetadataEntry] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// Training information.
  public init(initialization: Graph? = nil, algorithm: Graph? = nil) {
    self.initialization = initialization
    self.algorithm = algorithm
    initializationBinding = []
    updateBinding = []
  }
}
