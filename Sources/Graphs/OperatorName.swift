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
  public var domain: String
  /// Version of the set.
  public var version: Int64

  /// An import of one version of a domain.
  public init(domain: String = "", version: Int64) {
    self.domain = domain
    self.version = version
  }
}

/// One entry of ONNX metadata.
public struct MetadataEntry: Hashable, Sendable {
  /// Key.
  public var key: String
  /// Value.
  public var value: String

  /// An entry.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}
