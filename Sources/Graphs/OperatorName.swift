/// What a node computes: domain, type and, for functions, overload.
public struct OperatorName: Hashable, Sendable, CustomStringConvertible {
  /// The operator set's domain; the default domain `ai.onnx` is the empty string.
  public var domain: String
  /// The operator, for example `MatMul`.
  public var type: String
  /// Which of several functions of one name is meant; usually empty.
  public var overload: String

  /// A name; `ai.onnx` counts as the default domain.
  public init(_ type: String, domain: String = "", overload: String = "") {
    self.domain = domain == "ai.onnx" ? "" : domain
    self.type = type
    self.overload = overload
  }

  /// `MatMul` or `com.microsoft.FusedConv`.
  public var description: String { domain.isEmpty ? type : "\(domain).\(type)" }
}

/// An operator set that a model or function imports.
public struct OperatorSet: Hashable, Sendable {
  /// Domain; empty for `ai.onnx`.
  public var domain: String { didSet { origin = nil } }
  /// Version of the set.
  public var version: Int64 { didSet { origin = nil } }
  package var origin: SourceBytes?

  /// An import of one version of a domain.
  public init(domain: String = "", version: Int64) {
    self.domain = domain
    self.version = version
  }

  /// Whether domain and version agree, wherever the entries were read from.
  public static func == (first: OperatorSet, second: OperatorSet) -> Bool {
    first.domain == second.domain && first.version == second.version
  }

  /// Feeds domain and version.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(domain)
    hasher.combine(version)
  }
}

/// One entry of ONNX metadata.
public struct MetadataEntry: Hashable, Sendable {
  /// Key.
  public var key: String { didSet { origin = nil } }
  /// Value.
  public var value: String { didSet { origin = nil } }
  package var origin: SourceBytes?

  /// An entry.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// Whether key and value agree, wherever the entries were read from.
  public static func == (first: MetadataEntry, second: MetadataEntry) -> Bool {
    first.key == second.key && first.value == second.value
  }

  /// Feeds key and value.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(value)
  }
}
