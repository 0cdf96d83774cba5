import Execution
import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct BindingTests {
  private static func graph(_ text: String) throws -> LoweredGraph {
    let model = try ModelDescription(text: text)
    return try Lowering(registry: .standard, context: .testing(threads: 1)).lower(model)
  }

  @Test func `a node whose operands do not fit is named when the plan is made`() throws {
    var graph = try Self.graph(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[1,3,4,4] x, float[2,3,3,3] w) => (float[1,2,2,2] y) { [narrow] y = Conv (x, w) }
      """)
    graph.types["w"] = ValueType(.float32, [2, 4, 3, 3])
    let error = #expect(throws: ExecutionError.self) { _ = try Plan(graph, context: .testing(threads: 1)) }
    #expect(
      error?.message
        == "node 'narrow' (Conv): kernel [2,4,3,3] with group 1 does not fit input [1,3,4,4]")
  }

  @Test func `two plans of one graph give the same bits, each in two sessions`() throws {
    let graph = try Self.graph(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[2,3,8,8] x, float[4,3,3,3] w) => (float[2,8,36] y)
      <int64[3] shape = {2, 4, 36}, int64[1] from = {1}, int64[1] to = {3}, int64[1] axis = {1}> {
        maps = Conv (x, w)  rows = Reshape (maps, shape)  columns = Transpose <perm = [0, 2, 1]> (rows)
        part = Slice (rows, from, to, axis)  products = MatMul (part, columns)
        weights = Softmax (products)  sums = ReduceSum <keepdims = 1> (products, axis)
        more = Concat <axis = 1> (weights, sums, sums)  mixed = MatMul (more, rows)
        y = Concat <axis = 1> (rows, mixed)
      }
      """)
    let operands = try [
      ReferenceTensor.normal([2, 3, 8, 8]).tensor(.float32),
      ReferenceTensor.normal([4, 3, 3, 3], seed: 2).tensor(.float32),
    ]
    let plans = try (0..<2).map { _ in try Plan(graph, context: .testing(threads: 2)) }
    let results = try (plans + plans).map { try Session($0).run(operands)[0] }
    for result in results.dropFirst() { #expect(result.isIdentical(to: results[0])) }
  }
}
