import Execution
import Graphs
import ONNXFormat
import Operators
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
}
