import Graphs
import Operators
import TestSupport
import Testing

@Suite struct NodeOrderTests {
  private func order(_ nodes: [Node]) throws -> [String] {
    var graph = Graph(name: "g", nodes: nodes)
    let type = TypeDescription(.tensor(elementType: 1, shape: [Dimension(.value(1))]))
    graph.inputs = [ValueDescription(name: "x", type: type)]
    let model = ModelDescription(irVersion: 8, operatorSets: [OperatorSet(version: 17)], graph: graph)
    let lowered = try Lowering(registry: .standard, context: Interpreter().context).lower(model)
    return lowered.nodes.map(\.label)
  }

  private func relu(_ name: String, _ input: String) -> Node {
    Node("Relu", name: name, inputs: [input], outputs: [name])
  }

  @Test func `nodes that stand too early wait, the others keep the file's order`() throws {
    let nodes = [relu("c", "b"), relu("b", "a"), relu("a", "x"), relu("d", "a"), relu("e", "x")]
    #expect(try order(nodes) == ["a", "d", "e", "b", "c"])
  }

  /// With steps that grow with its square it would not end.
  @Test func `a long chain in reverse order is put in order`() throws {
    let count = 100_000
    let nodes = (0..<count).reversed().map { relu("n\($0)", $0 == 0 ? "x" : "n\($0 - 1)") }
    #expect(try order(nodes).first == "n0")
  }
}
