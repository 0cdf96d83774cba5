import Graphs
import Tensors

extension LoweredGraph {
  /// Compares what a file declares of its values with what was found, and keeps what exporters often get wrong as warnings.
  ///
  /// Outputs, inner values, and inputs that have an initializer are compared. Extents are compared only where the graph was
  /// lowered as the file has it: at another batch or size they say what the file would have been.
  ///
  /// - Throws: `graph` where an element type or a rank is another one.
  mutating func compareDeclarations(of graph: Graph, extents comparesExtents: Bool) throws(LoweringError) {
    let given = Set(graph.initializers.map(\.name))
    let declared =
      graph.inputs.filter { given.contains($0.name) } + graph.valueDescriptions + graph.outputs
    for value in declared {
      guard let found = types[value.name], case .tensor(let number, let dimensions)? = value.type?.kind else {
        continue
      }
      // Type 0 says nothing.
      guard number == 0 || ElementType(rawValue: number)?.computed == found.elementType else {
        throw .graph(
          "value '\(value.name)' is declared \(ElementType(rawValue: number)?.name ?? "type \(number)"), "
            + "found \(found.elementType.name)", value: value.name)
      }
      guard let dimensions else { continue }
      let text = "[" + dimensions.map(\.description).joined(separator: ",") + "]"
      guard dimensions.count == found.shape.rank else {
        throw .graph(
          "value '\(value.name)' is declared \(text) with \(dimensions.count) axes, found \(found.shape)",
          value: value.name)
      }
      let differs = zip(dimensions, found.shape.extents).contains { dimension, extent in
        if case .value(let declared) = dimension.extent { declared != Int64(extent) } else { false }
      }
      if comparesExtents, differs {
        warnings.append("value '\(value.name)' is declared \(text), found \(found.shape)")
      }
    }
  }
}
