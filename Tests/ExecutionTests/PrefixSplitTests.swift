import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct PrefixSplitTests {
  /// Names of the weights in the second half of a network, in the order of the file's nodes.
  private func lateWeights(_ model: ModelDescription) -> [String] {
    let weights = Set(
      model.graph.initializers.filter { $0.shape.rank == 2 && $0.elementType.computed == .float32 }.map(
        \.name)
    )
    let used = model.graph.nodes.flatMap(\.inputs).filter { weights.contains($0) }
    return Array(used.suffix(used.count / 2))
  }

  @Test(arguments: BackboneFiles.open)
  func `what lies before and behind the cut gives the whole, bit for bit`(_ file: String) throws {
    let model = try BackboneFiles.model(file)
    let images = try BackboneFiles.images(model, count: 2)
    let compiled = CompiledModel(
      model, variables: lateWeights(model), registry: .standard, context: .testing(threads: 1))
    let graph = try compiled.graph(batch: 2)
    let whole = try Session(try compiled.plan(graph)).run([images])
    let split = try #require(PrefixSplit(graph))
    let features = try Session(try compiled.plan(split.prefix)).run([images])
    let result = try Session(try compiled.plan(split.suffix)).run(features)
    #expect(features.count == split.frontier.count)
    for (a, b) in zip(whole, result) {
      try expectClose(
        b.widened, a.widened, .relativeToLargest(1e-6, reason: "a node at the cut may be fused in the whole"))
    }
  }

  @Test func `a network that trains from its first node on has no prefix`() throws {
    let model = try BackboneFiles.model("timm_vit.ts17.dynamic.onnx")
    let all = model.graph.initializers.filter { $0.tensor?.elementType == .float32 }.map(\.name)
    let compiled = CompiledModel(model, variables: all, registry: .standard, context: .testing(threads: 1))
    let split = PrefixSplit(try compiled.graph(batch: 2))
    #expect(split == nil)
  }
}
