import Graphs
package import Operators

extension LoweredNode {
  /// Throws where reading what the node prints gives other fields, or other operands.
  package func expectReadBack(registry: OperatorRegistry = .standard) throws {
    let read = try registry.lower(node, version: operatorName.domain.isEmpty ? 24 : 1)
    guard String(reflecting: read.operation) == String(reflecting: operation), read.inputs == inputs else {
      throw CheckFailure("\(operation) prints \(operation.attributes), which reads as \(read.operation)")
    }
  }
}
