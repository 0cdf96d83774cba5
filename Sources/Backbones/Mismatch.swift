/// Why a network is not of a family: what was found, what was expected, and where.
public struct Mismatch: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was found and what was expected, in one line.
  public let reason: String
  /// Labels of the nodes concerned.
  public let nodes: [String]

  /// A mismatch at some nodes.
  public init(_ reason: String, at nodes: [String] = []) {
    self.reason = reason
    self.nodes = nodes
  }

  /// The reason.
  public var description: String { reason }
}

/// A family that a network was compared with, and why it is not of it.
public struct FamilyMismatch: Sendable, Hashable {
  /// The family's name.
  public let family: String
  /// The reason.
  public let mismatch: Mismatch
}
