import Graphs
import Tensors
import Testing

@Suite struct TextTests {
  static let model = #"""
    <ir_version: 8, opset_import: ["" : 17, "com.x" : 1], producer_name: "p", model_version: 3,
     doc_string: "say \"hi\" \\", metadata_props: ["k": "v"]>
    agraph (float[N,3] x, float scalar, float[] unranked, double[?,2] u, seq(float[3]) s,
            optional(int64[2]) o, map(int64, float[2]) m, bool c) => (float[N] "out/0") # a comment
      <float[2] w = {1, -2.5e-3}, int64 k = {-3}, float[2] inner, string[2] st = {"a", "b c"},
       bool[2] b = {1, 0}, uint64[1] big = {18446744073709551615}, int8[2,1] small = {-128, 127}>
    {
      [n1] a = Relu (x)
      q, r = com.x.Foo:other <alpha = 1.5, n = 3, l = [1, 2], f = [1.0, 2.0], s = "hi", ss = ["a", "b"],
        t = float[2] {1, 2}, e: ints = [], g = sub (float[N] q) => (float[N] z) { z = Identity (q) },
        ty: type_proto = float[2], inf = inf, ref: float = @outer> (a, "", w)
      "out/0" = If (c) <then_branch = tb () => (float[N] y) { y = Identity (x) },
        else_branch = eb () => (float[N] y) { y = Neg (x) }>
    }
    <domain: "com.x", opset_import: ["" : 17]>
    Foo <alpha, beta = 2> (v) => (y) { y = Neg (v) }
    """#

  @Test func `every part of a model's text is read`() throws {
    let model = try ModelDescription(text: TextTests.model)
    #expect(model.irVersion == 8 && model.version(of: "") == 17 && model.version(of: "com.x") == 1)
    #expect(model.producerName == "p" && model.modelVersion == 3)
    #expect(model.documentation == #"say "hi" \"#)
    #expect(model.metadata == [MetadataEntry(key: "k", value: "v")])
    let graph = model.graph
    #expect(graph.name == "agraph" && graph.outputs.map(\.name) == ["out/0"])
    let batch = Dimension(.parameter("N"))
    #expect(
      graph.inputs[0].type
        == TypeDescription(.tensor(elementType: 1, shape: [batch, Dimension(.value(3))])))
    #expect(graph.inputs[1].type == TypeDescription(.tensor(elementType: 1, shape: [])))
    #expect(graph.inputs[2].type == TypeDescription(.tensor(elementType: 1, shape: nil)))
    let row = TypeDescription(.tensor(elementType: 1, shape: [Dimension(.value(3))]))
    #expect(graph.inputs[4].type == TypeDescription(.sequence(row)))
    #expect(graph.initializers.map(\.name) == ["w", "k", "st", "b", "big", "small"])
    #expect(graph.initializers[0].tensor?.array(of: Float.self) == [1, -2.5e-3])
    #expect(graph.initializers[1].shape.rank == 0)
    #expect(graph.initializers[4].tensor?.array(of: UInt64.self) == [.max])
    #expect(graph.initializers[5].tensor?.array(of: Int8.self) == [-128, 127])
    #expect(graph.valueDescriptions.map(\.name) == ["inner"])
    let node = graph.nodes[1]
    #expect(node.operatorName == OperatorName("Foo", domain: "com.x", overload: "other"))
    #expect(node.inputs == ["a", "", "w"] && node.outputs == ["q", "r"])
    guard case .floats([1, 2])? = node.attribute("f"), case .ints([])? = node.attribute("e"),
      case .float(.infinity)? = node.attribute("inf"),
      case .reference("outer", type: 1)? = node.attribute("ref")
    else {
      Issue.record("attributes read wrongly")
      return
    }
    #expect(model.functions[0].attributeNames == ["alpha"] && model.functions[0].attributes[0].name == "beta")
  }

  @Test func `printed text reads back as the same text`() throws {
    let printed = try ModelDescription(text: TextTests.model).text()
    #expect(try ModelDescription(text: printed).text() == printed)
    #expect(printed.contains(#"q, r = com.x.Foo:other (a, "", w) <alpha: float = 1.5, n: int = 3"#))
  }

  @Test func `large tensors can be left out of the text`() throws {
    let graph = try Graph(text: "g () => () <float[3] w = {1,2,3}> {}")
    #expect(graph.text(elementLimit: 2).contains("float[3] w = {…}"))
  }

  @Test(arguments: [
    ("g (float[2 x) => (float[2] y) {}", "line 1, column 12: expected ']', found 'x) =>"),
    ("g () => () <float[2] w = {1}> {}", "line 1, column 25: expected 2 elements for shape [2]"),
    ("g () => ()\n{ y = Relu (x", "line 2, column 14: expected ')', found the end"),
    ("g () => () { y = R <a = []> () }", "expected items of one type"),
    ("g () => () <int8[1] w = {200}> {}", "expected elements that fit int8"),
    ("g (float[2] x) => () {} more", "expected the end"),
    ("g (flot[2] x) => () {}", "expected an element type, found 'flot"),
  ])
  func `a fault in the text is named by line and column`(text: String, message: String) {
    let error = #expect(throws: GraphError.self) { try Graph(text: text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func `deep nesting is refused`() {
    let open = String(repeating: "g () => () { = If () <b: graph = ", count: 1000)
    let error = #expect(throws: GraphError.self) { try Graph(text: open) }
    #expect(error?.message.contains("at most 64 levels") == true)
  }
}
