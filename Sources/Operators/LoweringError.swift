/// Why a graph can't be brought to execution.
package enum LoweringError: Error, Sendable {
  /// An operator that is missing or refused, with the nodes that use it.
  package struct Unsupported: Sendable {
    /// Operator, for example `com.microsoft.SkipLayerNormalization`.
    package let name: String
    /// Domain; empty for the default one.
    package let domain: String
    /// Version of the domain that the model imports, or nil where it imports none.
    package let version: Int?
    /// Labels of the nodes.
    package let nodes: [String]
    /// What is refused.
    package let reason: String
  }
  /// Everything that is not implemented, all at once.
  case unsupported([Unsupported])
  /// A node breaks its operator's rules or can't be typed.
  case node(label: String, operatorName: String, OperatorError)
  /// The graph itself is wrong: cycle, undefined value, unsuitable input.
  case graph(String, value: String?)
}
