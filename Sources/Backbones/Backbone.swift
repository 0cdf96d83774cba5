/// A family of networks that can be recognised by structure: operators and shapes, never names.
package protocol Backbone: Sendable {
  /// The family's name as results show it.
  static var name: String { get }

  /// Finds blocks, insertion sites and head.
  ///
  /// - Throws: a mismatch that says what was found and what was missed; a recogniser never answers a plain no.
  static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout
}
