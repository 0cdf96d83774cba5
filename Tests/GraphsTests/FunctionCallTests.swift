import Graphs
import Testing

@Suite struct FunctionCallTests {
  private func model(_ functions: String, irVersion: Int = 8) throws -> ModelDescription {
    try ModelDescription(
      text: """
        <ir_version: \(irVersion), opset_import: ["" : 17, "d" : 1]>
        g (float[2] x) => (float[2] y) { [start] y = d.f0 (x) }
        \(functions)
        """)
  }

  private func function(_ name: String, _ body: String) -> String {
    #"<domain: "d", opset_import: ["" : 17, "d" : 1]> \#(name) (x) => (y) { \#(body) }"# + "\n"
  }

  @Test func `functions that call others are no problem`() throws {
    let model = try model(function("f0", "z = d.f1 (x) y = d.f1 (z)") + function("f1", "y = Relu (x)"))
    #expect(model.functionProblems.isEmpty)
  }

  @Test func `recursion is named with its cycle and a node`() throws {
    let model = try model(
      function("f0", "y = d.f1 (x)") + function("f1", "z = Relu (x) y = d.f2 (z)")
        + function("f2", "[back] y = d.f1 (x)"))
    let problem = try #require(model.functionProblems.first)
    #expect(problem.message == "function 'd.f1' calls itself: 'd.f1' → 'd.f2' → 'd.f1'")
    #expect(problem.node == "back")
  }

  @Test func `recursion through a subgraph counts`() throws {
    let body = "y = If (x) <then_branch = t () => (z) { z = d.f0 (x) }, else_branch = e () => (x) {}>"
    let model = try model(function("f0", body))
    #expect(model.functionProblems.map(\.message) == ["function 'd.f0' calls itself: 'd.f0' → 'd.f0'"])
  }

  @Test func `functions that call the next one twice are counted without being expanded`() throws {
    var text = ""
    for index in 0..<60 { text += function("f\(index)", "z = d.f\(index + 1) (x) y = d.f\(index + 1) (z)") }
    let problems = try model(text + function("f60", "y = Relu (x)")).functionProblems
    #expect(problems.count == 1)
    #expect(problems[0].message.hasPrefix("function 'd.f41' stands for more than 1000000 nodes"))
  }

  @Test func `nodes of subgraphs count`() throws {
    var text = ""
    for index in 0..<18 { text += function("f\(index)", "z = d.f\(index + 1) (x) y = d.f\(index + 1) (z)") }
    let body =
      "y = If (x) <then_branch = t () => (z) { z = Neg (x) }, else_branch = e () => (z) { z = Exp (x) }>"
    let problems = try model(text + function("f18", body)).functionProblems
    #expect(problems.first?.message.hasPrefix("function 'd.f0' stands for more than 1000000 nodes") == true)
    #expect(try model(text + function("f18", "y = Relu (x)")).functionProblems.isEmpty)
  }

  @Test func `a long chain of functions is refused without a stack of its length`() throws {
    var functions: [Function] = []
    for index in 0..<50_000 {
      let node = Node(OperatorName("f\(index + 1)", domain: "d"), inputs: ["x"], outputs: ["y"])
      functions.append(
        Function(OperatorName("f\(index)", domain: "d"), inputs: ["x"], outputs: ["y"], nodes: [node]))
    }
    var model = try model("")
    model.functions = functions
    #expect(model.functionProblems.map(\.message).first?.contains("nested more than 64 deep") == true)
    #expect(model.functionProblems.count == 1)
  }

  @Test func `overloads are other functions from IR 10 on only`() throws {
    let overloaded = #"<domain: "d", overload: "o", opset_import: ["" : 17]> f0 (x) => (y) { y = Relu (x) }"#
    let text = function("f0", "y = d.f0:o (x)") + overloaded
    #expect(try model(text, irVersion: 10).functionProblems.isEmpty)
    #expect(try model(text, irVersion: 8).functionProblems.first?.message == "function 'd.f0' is there twice")
  }

  @Test func `names that several nodes have are listed once`() throws {
    let graph = try Graph(
      text: "g (float x) => (float c) { [n] a = Relu (x) [n] b = Relu (a) [n] d = Relu (b) [m] c = Relu (d) }"
    )
    #expect(graph.duplicateNodeNames == ["n"])
  }
}
