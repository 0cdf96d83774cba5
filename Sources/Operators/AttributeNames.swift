/// The names by which an operator asked for attributes, and as what, in the order in which it did.
///
/// What an operator asks for is what it knows: no second list tells which attributes exist.
package final class AttributeNames {
  /// What an attribute is read as.
  package enum Kind: Sendable, Hashable {
    case int
    case ints
    case float
    case floats
    case text
    case tensor
    /// Known to the operator and not read.
    case unread
  }

  /// The names and kinds.
  package private(set) var asked: [(name: String, kind: Kind)] = []

  /// No names yet.
  package init() {}

  /// Whether a name was asked for.
  package func contains(_ name: String) -> Bool { asked.contains { $0.name == name } }

  func insert(_ name: String, _ kind: Kind) {
    if !asked.contains(where: { $0.name == name && $0.kind == kind }) { asked.append((name, kind)) }
  }
}
