package import Graphs

/// What a registry knows of an operator without an instance: name, versions, operands.
package struct OperatorSchema: Sendable {
  /// Domain and type.
  package let name: OperatorName
  /// Operator-set versions of the domain that `init(reading:)` understands.
  package let versions: PartialRangeFrom<Int>
  /// Operand names; `?` marks optional ones, a trailing `...` one that repeats.
  package let inputs: [String]
  /// Result names, marked in the same way.
  package let outputs: [String]

  /// A schema of the default domain unless told otherwise.
  package init(
    _ type: String, domain: String = "", versions: PartialRangeFrom<Int>, inputs: [String],
    outputs: [String]
  ) {
    name = OperatorName(type, domain: domain)
    self.versions = versions
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Checks the number of operands and results of a node.
  package func checkArity(of node: Node) throws(OperatorError) {
    try check(node.inputs, against: inputs, what: "inputs")
    try check(node.outputs, against: outputs, what: "outputs")
  }

  private func check(_ values: [String], against names: [String], what: String) throws(OperatorError) {
    let repeats = names.last?.hasSuffix("...") ?? false
    guard repeats || values.count <= names.count else {
      throw .invalid("has \(values.count) \(what), expected at most \(names.count)")
    }
    for (index, name) in names.enumerated() where !name.hasSuffix("?") && !name.hasSuffix("...") {
      guard index < values.count, what == "outputs" || !values[index].isEmpty else {
        throw .invalid("lacks \(what.dropLast()) \(index) (\(name))")
      }
    }
  }
}
