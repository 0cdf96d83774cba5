import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct ExpansionTests {
  private func model(_ nodes: String, _ functions: String = "", opset: Int = 17) throws -> ModelDescription {
    try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : \(opset), "d" : 1, "com.microsoft" : 1]>
        g (float[2] x, float[2] w) => (float[2] y) <bool yes = {1}> { \(nodes) }
        \(functions)
        """)
  }

  private func lowered(_ model: ModelDescription) throws -> LoweredGraph {
    try Lowering(registry: .standard, context: Interpreter().context).lower(model)
  }

  private func refusal(_ model: ModelDescription) -> LoweringError? {
    #expect(throws: LoweringError.self) { try lowered(model) }
  }

  private let function = #"<domain: "d", opset_import: ["" : 17]> f (x) => (y) { z = Neg (x) y = Exp (z) }"#

  @Test func `inner values have the node's name as prefix, each their own, and results keep theirs`() throws {
    let graph = try lowered(try model("[n] a = d.f (x) y = d.f (a)", function))
    #expect(graph.nodes.flatMap(\.outputs) == ["n/z", "a", "y/z", "y"])
    #expect(graph.nodes.map(\.name) == ["n/Neg", "n/Exp", "y/Neg", "y/Exp"])
  }

  @Test func `a name that the file has already is not taken`() throws {
    let graph = try lowered(try model(#"[n] a = d.f (x) "n/z" = Neg (a) y = Exp ("n/z")"#, function))
    #expect(graph.nodes.flatMap(\.outputs) == ["n/z_2", "a", "n/z", "y"])
  }

  @Test func `the bias of SkipLayerNormalization belongs to the operand that a MatMul makes`() throws {
    let text = """
      <ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
      g (float[2,2] x, float[2,2] p, float[2] w) => (float[2,2] y) {
        m = MatMul (x, p) [n] y = com.microsoft.SkipLayerNormalization (x, m, w, w, w)
      }
      """
    let additions = try lowered(try ModelDescription(text: text)).nodes.filter { $0.type == "Add" }
    #expect(additions.map(\.inputs) == [["m", "w"], ["x", "n/biased"]])
  }

  @Test func `a model in which nothing stands for others has no expansion`() throws {
    #expect(try lowered(try model("y = Neg (x)")).expansion == nil)
  }

  @Test func `only nodes that hide a value or read it unseen are replaced in the file`() throws {
    let text = """
      [n] a, "", "", s = com.microsoft.SkipLayerNormalization (x, w, w)
      [m] b, "", "", t = com.microsoft.SkipLayerNormalization (a, s, w)
      [k] c = d.f (b) y = Add (c, t)
      """
    let file = try model(text, function)
    let expansion = try #require(try lowered(file).expansion)
    func operators(_ values: [String]) -> [String] {
      expansion.revealing(values, in: file).graph.nodes.map(\.operatorName.type)
    }
    #expect(operators(["a", "y"]) == file.graph.nodes.map(\.operatorName.type))
    #expect(
      operators(["s"]) == ["Add", "LayerNormalization", "SkipLayerNormalization", "f", "Add"])
    #expect(operators(["k/z"]) == ["SkipLayerNormalization", "SkipLayerNormalization", "Neg", "Exp", "Add"])
  }

  @Test func `a condition that is not known is refused by its name`() throws {
    let branches =
      "<then_branch = t () => (float[2] r) { r = Neg (x) }, else_branch = e () => (float[2] x) {}>"
    let error = refusal(
      try model("i = ReduceMax <keepdims = 0> (x) c = Cast <to = 9> (i) [n] y = If (c) \(branches)"))
    #expect(error?.failureCode == .unsupported && error?.node == "n")
    #expect(error?.message == "its condition 'c' is not known before the model runs")
  }

  @Test func `operators of the branch that is not taken need not be known`() throws {
    let branches = """
      <then_branch = t () => (float[2] r) { r = Neg (x) }, else_branch = e () => (float[2] r) { r = d.unknown (x) }>
      """
    let file = try model("y = If (yes) \(branches)")
    #expect(try lowered(file).nodes.map(\.type) == ["Neg"])
    let lowering = Lowering(registry: .standard, context: Interpreter().context)
    #expect(lowering.unsupportedOperators(of: file).isEmpty)
    let other = try model("no = Not (yes) y = If (no) \(branches)")
    #expect(lowering.unsupportedOperators(of: other).map(\.name) == ["d.unknown"])
  }

  @Test func `a branch may deliver what it captures, and one value twice`() throws {
    let branches = """
      <then_branch = t () => (float[2] x, float[2] r, float[2] r) { r = Neg (x) }, else_branch = e () => () {}>
      """
    let graph = try lowered(try model("a, b, c = If (yes) \(branches) s = Add (a, b) y = Add (s, c)"))
    #expect(graph.nodes.map(\.type) == ["Neg", "Identity", "Identity", "Add", "Add"])
    #expect(graph.nodes.map(\.inputs) == [["x"], ["x"], ["b"], ["a", "b"], ["s", "c"]])
  }

  @Test func `an attribute and an operand that a call does not give are none in the body`() throws {
    let norm = """
      <domain: "d", opset_import: ["" : 17]> f <eps> (x, w, b) => (y) {
        y = LayerNormalization <epsilon: float = @eps> (x, w, b)
      }
      """
    let node = try #require(try lowered(try model("y = d.f (x, w)", norm)).nodes.first)
    let operation = try #require(node.operation as? LayerNormalization)
    #expect(node.inputs == ["x", "w", ""] && operation.epsilon == 1e-5)
  }

  @Test func `a branch that makes a value twice is refused`() throws {
    let branches = """
      <then_branch = t () => (float[2] r) { r = Neg (x) r = Exp (x) }, else_branch = e () => (float[2] x) {}>
      """
    #expect(refusal(try model("y = If (yes) \(branches)"))?.message.contains("is made twice") == true)
  }

  @Test func `a function that means another version of the operators is refused by both versions`() throws {
    let error = refusal(try model("y = d.f (x)", function, opset: 18))
    #expect(error?.failureCode == .unsupported)
    #expect(error?.message == "function d.f imports ai.onnx 17, the model 18")
  }

  @Test func `a function that reads what only the graph around it has is refused`() throws {
    let open = #"<domain: "d", opset_import: ["" : 17]> f (x) => (y) { y = Mul (x, w) }"#
    #expect(
      refusal(try model("y = d.f (x)", open))?.message
        == "function 'd.f' reads 'w', which nothing in it makes")
  }

  @Test func `recursion and doubling are refused before anything is replaced`() throws {
    let loop = #"<domain: "d", opset_import: ["" : 17]> f (x) => (y) { y = d.f (x) }"#
    #expect(refusal(try model("y = d.f (x)", loop))?.message.contains("calls itself") == true)
    var text = ""
    for index in 0..<60 {
      text +=
        #"<domain: "d", opset_import: ["" : 17]> f\#(index) (x) => (y) { z = d.f\#(index + 1) (x) y = d.f\#(index + 1) (z) }"#
    }
    text += #"<domain: "d", opset_import: ["" : 17]> f60 (x) => (y) { y = Relu (x) }"#
    #expect(refusal(try model("y = d.f0 (x)", text))?.message.contains("more than 1000000 nodes") == true)
  }

  @Test func `unused attributes of a node that stands for others are reported`() throws {
    let file = try model("y = com.microsoft.SkipLayerNormalization <epsilon = 0.1, epsilonn = 0.1> (x, x, w)")
    let lowering = Lowering(registry: .standard, context: Interpreter().context)
    #expect(lowering.unknownAttributes(of: file).map(\.attribute) == ["epsilonn"])
  }
}
