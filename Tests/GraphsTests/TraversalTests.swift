import Graphs
import Tensors
import Testing

@Suite struct TraversalTests {
  @Test func `a sorted graph keeps its order`() throws {
    let graph = try Graph(
      text: "g (float x) => (float d) { c = Neg (x) b = Relu (x) a = Add (c, b) d = Abs (a) }")
    #expect(try graph.topologicalOrder() == [0, 1, 2, 3])
  }

  @Test func `a node moves in front of its readers only`() throws {
    let graph = try Graph(
      text: "g (float x) => (float d) { e = Neg (x) d = Abs (a) c = Exp (x) a = Add (b, x) b = Relu (x) }")
    #expect(try graph.topologicalOrder() == [0, 4, 3, 1, 2])
    #expect(try graph.sorted().nodes.flatMap(\.outputs) == ["e", "b", "a", "d", "c"])
  }

  @Test func `what a subgraph reads from outside counts as read by its node`() throws {
    let graph = try Graph(
      text: """
        g (bool c) => (float y) {
          y = If (c) <then_branch = t () => (float z) { z = Neg (a) }, else_branch = e () => (float a) {}>
          a = Exp (b)
          b = Foo ()
        }
        """)
    #expect(graph.nodes[0].usedNames == ["c", "a"])
    #expect(try graph.topologicalOrder() == [2, 1, 0])
    #expect(graph.consumers()["a"] == [0])
    #expect(graph.producers() == ["y": 0, "a": 1, "b": 2])
    #expect(graph.capturedNames.isEmpty)
  }

  @Test func `a cycle names its nodes`() throws {
    let graph = try Graph(
      text:
        "g (float x) => (float a) { [start] s = Neg (x) [one] a = Add (s, b) [two] b = Relu (c) [three] c = Exp (a) }"
    )
    let error = #expect(throws: GraphError.self) { try graph.topologicalOrder() }
    #expect(error?.message == "the graph has a cycle: 'three' → 'two' → 'one'")
  }

  @Test func `a very long chain does not overflow the stack`() throws {
    let count = 200_000
    let nodes = (0..<count).reversed().map { Node("Relu", inputs: ["v\($0)"], outputs: ["v\($0 + 1)"]) }
    let graph = Graph(name: "chain", nodes: nodes)
    #expect(try graph.topologicalOrder() == Array((0..<count).reversed()))
  }

  @Test(arguments: [
    (
      "g (float x) => (float y) { y = Relu (x) y = Neg (x) }",
      "node 'Neg → y' makes 'y', which node 'Relu → y' makes already"
    ),
    ("g (float x) => (float y) { [n] y = Relu (z) }", "node 'n' reads 'z', which nothing makes"),
    ("g (float x) => (float x) { [n] x = Relu (x) }", "node 'n' makes 'x', which is an input"),
    ("g () => (float w) <float w = {1}> { [n] w = Foo () }", "node 'n' makes 'w', which is an initializer"),
    ("g (float x) => (float y) {}", "output 'y' of graph 'g' is made by no node"),
    ("g (float x, float x) => (float x) {}", "input 'x' is there twice"),
    ("g () => (float w) <float w = {1}, float w = {2}> {}", "initializer 'w' is there twice"),
    (
      "g (bool c) => (float y) { [n] y = If (c) <then_branch = t () => (float z) { z = Neg (q) }> }",
      "in a subgraph of node 'n': node 'Neg → z' reads 'q', which nothing makes"
    ),
  ])
  func `a broken graph is named`(text: String, message: String) throws {
    let graph = try Graph(text: text)
    #expect(graph.problems().first?.message == message)
    #expect(throws: GraphError.self) { try graph.validate() }
  }

  @Test func `an initializer that is also an input is no problem`() throws {
    let graph = try Graph(text: "g (float x, float w = {1}) => (float y) { y = Add (x, w) }")
    #expect(graph.problems().isEmpty)
    #expect(graph.requiredInputs.map(\.name) == ["x"])
  }

  @Test func `setting a field drops the origin of what holds it and of nothing else`() throws {
    let bytes = try Storage(byteCount: 16)
    func origin(_ start: Int) -> SourceBytes { SourceBytes(storage: bytes, range: start..<start + 1) }
    var model = try ModelDescription(
      text: #"<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y) { t = Relu (x) y = Neg (t) }"#
    )
    model.graph.nodes[0].origin = origin(0)
    model.graph.nodes[1].origin = origin(1)
    model.graph.origin = origin(2)
    model.origin = origin(3)
    model.graph.nodes[1].name = "changed"
    #expect(model.origin == nil && model.graph.origin == nil && model.graph.nodes[1].origin == nil)
    #expect(model.graph.nodes[0].origin != nil)
  }

  @Test func `changing one node copies no array of nodes`() throws {
    let nodes = (0..<100).map { Node("Relu", inputs: ["v\($0)"], outputs: ["v\($0 + 1)"]) }
    var model = ModelDescription(irVersion: 8, operatorSets: [], graph: Graph(name: "g", nodes: nodes))
    model.graph.nodes[0].name = "first"
    func address() -> Int {
      unsafe model.graph.nodes.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }
    let before = address()
    for index in 0..<100 {
      model.graph.nodes[index].name = "n\(index)"
      model.graph.nodes[index].inputs[0] += "x"
    }
    #expect(address() == before)
  }
}
