import Execution
import Graphs
import Operators
import Rewriting
import Tensors
import TestSupport
import Testing

@Suite struct OriginTests {
  /// Gradients of y by x, of a product behind a Relu.
  private func gradients() throws -> LoweredGraph {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[2,3] x, float[3,3] w) => (float[2,3] y) { a = Relu (x)  y = MatMul (a, w) }
        """)
    let lowered = try Lowering(registry: .standard, context: .testing(threads: 1)).lower(model, batch: 2)
    var builder = GradientBuilder(extending: lowered, prefix: "gradient/")
    builder.addInput("dy", type: lowered.type("y"))
    let found = try Differentiation.extend(&builder, seeds: [(value: "y", gradient: "dy")], by: ["x"])
    builder.setOutputs(found.compactMap { $0 })
    return builder.graph
  }

  @Test func `a backward node has the label of the forward node that it belongs to`() throws {
    let graph = try gradients()
    let origins = graph.nodes.compactMap(\.origin)
    #expect(origins.count == graph.nodes.count - 2)
    #expect(Set(origins.map(\.label)) == ["MatMul → y", "Relu → a"])
    #expect(origins.allSatisfy { $0.phase == .backward })
  }

  @Test func `what a rule puts in the place of a backward node has its origin`() throws {
    let early = try RuleSet.early.apply(to: try gradients()).graph
    let product = try #require(early.nodes.first { $0.type == "Linear" && $0.phase == .backward })
    #expect(product.origin?.label == "MatMul → y")
  }
}
