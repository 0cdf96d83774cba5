/// One operation of a graph (ONNX `NodeProto`).
///
/// Values are referred to by name; an empty name is an absent one.
public struct Node: Sendable {
  /// The node's name; may be empty and need not be unique.
  public var name: String { didSet { origin = nil } }
  /// What it computes.
  public var operatorName: OperatorName { didSet { origin = nil } }
  /// Values read, by position.
  public var inputs: [String] { didSet { origin = nil } }
  /// Values made, by position.
  public var outputs: [String] { didSet { origin = nil } }
  /// Parameters.
  public var attributes: [Attribute] { didSet { origin = nil } }
  /// Documentation string.
  public var documentation: String? { didSet { origin = nil } }
  /// Metadata.
  public var metadata: [MetadataEntry] { didSet { origin = nil } }
  /// Multi-device configurations (ONNX `NodeDeviceConfigurationProto`), each as its encoded message.
  package var deviceConfigurations: [[UInt8]] = [] { didSet { origin = nil } }
  package var unknownFields: UnknownFields = []
  package var origin: SourceBytes?

  /// A node.
  public init(
    _ operatorName: OperatorName, name: String = "", inputs: [String], outputs: [String],
    attributes: [Attribute] = [], documentation: String? = nil, metadata: [MetadataEntry] = []
  ) {
    self.operatorName = operatorName
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
    self.documentation = documentation
    self.metadata = metadata
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
