import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Each test works in a process of its own: the count is the process's, and other tests allocate meanwhile.
@Suite struct WarmRunTests {
  /// How often tensor memory is asked for in ten runs, after three that warm up.
  private static func allocations(in session: Session) throws -> Int {
    for _ in 0..<3 { try session.run() }
    let before = Storage.allocationCount
    for _ in 0..<10 { try session.run() }
    return Storage.allocationCount - before
  }

  @Test func `a warm run allocates no tensor memory`() async {
    await #expect(processExitsWith: .success) {
      let model = try BackboneFiles.model("timm_vit.ts17.dynamic.onnx")
      let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
      let session = try Session(try compiled.plan(try compiled.graph(batch: 8)))
      try session.setInput(0, to: try BackboneFiles.images(model, count: 8))
      #expect(Storage.allocationCount > 0)
      #expect(try WarmRunTests.allocations(in: session) == 0)
    }
  }

  @Test func `a warm run of forward and backward allocates no tensor memory`() async {
    await #expect(processExitsWith: .success) {
      let model = try FixtureFiles.model("gradients/both-float32/model.onnx")
      let names = model.graph.initializers.filter { $0.name.hasPrefix("dka/") && $0.shape.rank > 1 }
        .map(\.name)
      let compiled = CompiledModel(
        model, variables: names, registry: .standard, context: .testing(threads: 1))
      var builder = GradientBuilder(
        extending: try compiled.graph(batch: 8), prefix: "gradient/")
      let output = builder.graph.outputs[0]
      let shape = builder.graph.type(output).shape
      let ones = try Tensor([Float](repeating: 1, count: shape.elementCount), shape: shape)
      let seed = builder.constant(ones, named: "seed")
      let gradients = try Differentiation.extend(
        &builder, seeds: [(value: output, gradient: seed)], by: names)
      builder.setOutputs(gradients.compactMap { $0 })
      let session = try Session(try compiled.plan(builder.graph))
      try session.setInput(0, to: try BackboneFiles.images(model, count: 8))
      #expect(Storage.allocationCount > 0)
      #expect(try WarmRunTests.allocations(in: session) == 0)
    }
  }
}
