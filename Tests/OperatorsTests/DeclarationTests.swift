import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct DeclarationTests {
  private func lower(_ signature: String, _ body: String) throws -> LoweredGraph {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g \(signature) \(body)
        """)
    return try Lowering(registry: .standard, context: Interpreter().context).lower(model)
  }

  @Test(arguments: [
    ("(float[2] x) => (int64[2] y)", "{ y = Relu (x) }", "value 'y' is declared int64, found float"),
    (
      "(float[2] x) => (float[1,2] y)", "{ y = Relu (x) }",
      "value 'y' is declared [1,2] with 2 axes, found [2]"
    ),
    (
      "(float[2] x) => (float[2] y) <double[2] a>", "{ a = Relu (x)  y = Relu (a) }",
      "value 'a' is declared double, found float"
    ),
    (
      "(float[2] x, float[2,1] w) => (float[2] y) <float[2] w = {1, 2}>", "{ y = Add (x, w) }",
      "value 'w' is declared [2,1] with 2 axes, found [2]"
    ),
  ])
  func `a declared element type or rank that is another one is refused by name`(
    _ signature: String, _ body: String, _ message: String
  ) throws {
    let error = #expect(throws: LoweringError.self) { try lower(signature, body) }
    #expect(error?.message == message)
    #expect(error?.failureCode == .badData)
  }

  @Test func `other extents are a warning, open ones are none`() throws {
    let graph = try lower(
      "(float[2,3] x) => (float[2,4] y) <float[n,3] a>", "{ a = Relu (x)  y = Relu (a) }")
    #expect(graph.warnings == ["value 'y' is declared [2,4], found [2,3]"])
  }
}
