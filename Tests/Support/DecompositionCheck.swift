import Graphs
package import Operators
package import Tensors

/// Compares internal operators with their decompositions into standard ONNX operators, in Float64.
package struct DecompositionCheck {
  /// Operators to use.
  package var registry: OperatorRegistry

  /// A check with the given operators.
  package init(registry: OperatorRegistry = .standard) { self.registry = registry }

  /// Compares the operator of a case, where it is decomposable.
  package func check(_ testCase: OperatorCase) throws {
    let graph = try testCase.graph(.float64, registry: registry)
    try check(graph, try Interpreter().values(of: graph, try testCase.feeds(.float64)))
  }

  /// Compares every decomposable node of an evaluated graph.
  ///
  /// - Parameter values: all values of the graph, from `Interpreter.values`.
  package func check(_ graph: LoweredGraph, _ values: [String: Tensor]) throws {
    for node in graph.nodes {
      guard let decomposable = node.operation as? any Decomposable else { continue }
      var start = LoweredGraph()
      for input in node.inputs where !input.isEmpty {
        start.types[input] = graph.type(input)
        start.constants[input] = graph.constants[input]
      }
      var builder = GradientBuilder(extending: start, prefix: "decomposed/")
      let names = try decomposable.decomposition(node, into: &builder)
      for emitted in builder.graph.nodes where !emitted.operatorName.domain.isEmpty {
        throw CheckFailure("\(node.label) decomposes into \(emitted.operatorName)")
      }
      var feeds: [String: Tensor] = [:]
      for input in node.inputs where !input.isEmpty { feeds[input] = values[input] }
      let found = try Interpreter().values(of: builder.graph, feeds)
      for (index, (output, name)) in zip(node.outputs, names).enumerated() where !output.isEmpty {
        guard let expected = values[output] else { continue }
        guard let result = found[name] else {
          throw CheckFailure("\(node.label): output \(index) of its decomposition is missing")
        }
        guard result.shape == expected.shape, result.elementType == expected.elementType else {
          throw CheckFailure("\(node.label): output \(index) of its decomposition has another type")
        }
        try expectClose(
          result.widened, expected.widened,
          .relativeToLargest(1e-5, reason: "the sums run in another order"),
          "\(node.label): decomposed output \(index)", type: result.elementType)
      }
    }
  }
}
