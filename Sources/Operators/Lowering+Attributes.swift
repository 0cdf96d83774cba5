package import Graphs

extension Lowering {
  /// Attributes that a node's operator does not know at the version that the model imports, in the file's order.
  ///
  /// Nodes whose operator is not implemented, or refuses the node, are left out: nobody knows what they may have.
  package func unknownAttributes(of model: ModelDescription) -> [(node: String, attribute: String)] {
    var unknown: [(node: String, attribute: String)] = []
    for node in model.graph.nodes where !node.attributes.isEmpty {
      let names = AttributeNames()
      let version = model.version(of: node.operatorName.domain).map { Int($0) } ?? 1
      guard (try? registry.read(node, version: version, names: names)) != nil else { continue }
      for attribute in node.attributes where !names.contains(attribute.name) {
        unknown.append((node: node.label, attribute: attribute.name))
      }
    }
    return unknown
  }
}
