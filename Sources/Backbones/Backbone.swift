/// A family of networks that can be recognised by structure: operators and shapes, never names.
package protocol Backbone: Sendable {
  /// The family's name as results show it.
  static var name: String { get }

  /// Whether a network could be of the family at all: one that could not is not told why it is none.
  static func mayBe(_ view: GraphView) -> Bool

  /// Finds blocks, insertion sites and head.
  ///
  /// - Throws: a mismatch that says what was found and what was missed; a recogniser never answers a plain no.
  static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout
}

extension Backbone {
  package static func mayBe(_ view: GraphView) -> Bool { true }
}
