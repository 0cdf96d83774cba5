/// One operation of a graph (ONNX `NodeProto`).
///
/// Values are referred to by name; an empty name is an absent one.
public struct Node: Sendable {
  /// The node's name; may be empty and need not be unique.
  public var name: String { didSet { origin = nil } }
  /// What it computes.
  public var operatorName: OperatorName { didSet { origin = nil } }
  /// Values read, by position.
  public var inputs: [String] {
    get { storedInputs }
    _modify {
      origin = nil
      yield &storedInputs
    }
  }
  /// Values made, by position.
  public var outputs: [String] {
    get { storedOutputs }
    _modify {
      origin = nil
      yield &storedOutputs
    }
  }
  /// Parameters.
  public var attributes: [Attribute] {
    get { storedAttributes }
    _modify {
      origin = nil
      yield &storedAttributes
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
  /// Multi-device configurations (ONNX `NodeDeviceConfigurationProto`), each as its encoded message.
  package var deviceConfigurations: [[UInt8]] = [] { didSet { origin = nil } }
  // Changed in place: an observer would copy a whole array for each element that is set.
  private var storedInputs: [String]
  private var storedOutputs: [String]
  private var storedAttributes: [Attribute]
  private var storedMetadata: [MetadataEntry]
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// A node.
  public init(
    _ operatorName: OperatorName, name: String = "", inputs: [String], outputs: [String],
    attributes: [Attribute] = [], documentation: String? = nil, metadata: [MetadataEntry] = []
  ) {
    self.operatorName = operatorName
    self.name = name
    storedInputs = inputs
    storedOutputs = outputs
    storedAttributes = attributes
    self.documentation = documentation
    storedMetadata = metadata
  }

  /// A node of the default domain.
  public init(
    _ type: String, name: String = "", inputs: [String], outputs: [String], attributes: [Attribute] = []
  ) {
    self.init(OperatorName(type), name: name, inputs: inputs, outputs: outputs, attributes: attributes)
  }

  /// The attribute of a name, or nil.
  public func attribute(_ name: String) -> Attribute.Value? {
    attributes.first { $0.name == name }?.value
  }

  /// How messages refer to this node: its name, or its operator and first output.
  public var label: String {
    name.isEmpty ? "\(operatorName) → \(outputs.first ?? "")" : name
  }
}
