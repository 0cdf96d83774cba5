package import Graphs

/// An operator that its name and operands say everything about.
package protocol WithoutAttributes: Operator { init() }

extension WithoutAttributes {
  package init(reading node: AttributeReader) throws(OperatorError) { self.init() }

  package var attributes: [Attribute] { [] }
}
