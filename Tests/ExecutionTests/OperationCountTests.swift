import Execution
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

/// Counts that the networks' authors and others publish, in operations: a multiplication and an addition count as two.
@Suite struct OperationCountTests {
  @Test(
    .enabled(if: SharedData.isPresent),
    arguments: [
      ("resnet20_cifar10.onnx", 0.082), ("mobilenet_v2_1.0_224.onnx", 0.60),
      ("deit_tiny_patch16_224.ts17.onnx", 2.5),
    ])
  func `a whole network counts what is known of it`(_ file: String, _ gigaoperations: Double) throws {
    let model = try ONNXFile.read(SharedData.path("weights/" + file))
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    let count = try compiled.plan(try compiled.graph(batch: 1)).operations
    // Published counts leave out normalisation and activations, or count them differently.
    #expect(abs(Double(count) / 1e9 - gigaoperations) < 0.08 * gigaoperations, "\(count)")
  }

  @Test func `a Pad that takes away is a part of what it reads, one that adds is none`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[2,4] x) => (float[1,4] y, float[2,5] z)
        <int64[4] cut = {-1, 0, 0, 0}, int64[4] more = {0, 1, 0, 0}> {
          a = Pad (x, cut)  y = Relu (a)  b = Pad (x, more)  z = Relu (b)
        }
        """)
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    let plan = try compiled.plan(try compiled.graph(batch: 2))
    let pads = plan.graph.nodes.indices.filter { plan.graph.nodes[$0].type == "Pad" }
    #expect(Set(pads.map { plan.bytesMoved(by: $0) == 0 }) == [true, false])
    let results = try Session(plan).run([try Tensor((1...8).map { Float($0) }, shape: [2, 4])])
    #expect(results[0].elements(of: Float.self) == [5, 6, 7, 8])
    #expect(results[1].elements(of: Float.self) == [0, 1, 2, 3, 4, 0, 5, 6, 7, 8])
  }
}
