import Execution
import Graphs
import Operators
import Rewriting
import Tensors
import TestSupport
import Testing
import Training

@Suite struct StepGraphTests {
  /// What one micro-batch of a fixture leaves in the gradient sums of the given initializers.
  private func step(_ fixture: GradientFixture, _ names: [String], threads: Int = 2) throws -> (
    loss: Float, sums: [Tensor]
  ) {
    let images = try fixture.array("input")
    let labels = try fixture.labels()
    let compiled = CompiledModel(
      try fixture.model(), variables: names, registry: .standard, context: .testing(threads: threads))
    let graph = try StepGraph.make(
      from: try compiled.graph(batch: labels.count), parameters: names, objective: CrossEntropyObjective())
    let variables = VariableStore()
    let session = try Session(try compiled.plan(graph), variables: variables)
    let outputs = try session.run([
      images, try Tensor(labels.map(Int64.init)), try Tensor(scalar: 1 / Float(labels.count)),
    ])
    let sums = try names.map { name in
      let type = graph.type(name)
      // A weight behind which the loss reads nothing has no sum.
      return try variables.copy(of: StepGraph.gradientSum(of: name))
        ?? Tensor(zeros: type.shape, of: type.elementType)
    }
    return (outputs[0].elements(of: Float.self)[0], sums)
  }

  /// Initializers that can train: what the network computes with, no shapes and scalars of decompositions.
  private func expected(_ fixture: GradientFixture) throws -> [(name: String, value: Tensor)] {
    try fixture.gradients(of: "cross-entropy").filter { $0.name != "input" }
  }

  @Test(arguments: GradientFixture.single)
  func `gradients of the training step agree with PyTorch for every weight`(_ fixture: GradientFixture) throws
  {
    let expected = try expected(fixture)
    let found = try step(fixture, expected.map(\.name))
    for (sum, golden) in zip(found.sums, expected) {
      try expectClose(
        sum.widened, golden.value.widened,
        .relativeToLargest(5e-5, reason: "sums of some thousand rounded products, after a softmax"),
        golden.name)
    }
  }

  @Test(arguments: GradientFixture.single)
  func `gradients of the adapters alone are those of the whole network's`(_ fixture: GradientFixture) throws {
    let expected = try expected(fixture).filter { $0.name.hasPrefix("dka/") }
    let found = try step(fixture, expected.map(\.name))
    for (sum, golden) in zip(found.sums, expected) {
      try expectClose(
        sum.widened, golden.value.widened,
        .relativeToLargest(5e-5, reason: "sums of some thousand rounded products, after a softmax"),
        golden.name)
      let isZero = sum.widened.allSatisfy { $0 == 0 }
      #expect(isZero == fixture.isUnreachable(golden.name) || !isZero, "\(golden.name)")
    }
  }

  @Test(arguments: GradientFixture.single)
  func `the training step has the same bits with one and two threads`(_ fixture: GradientFixture) throws {
    let names = try expected(fixture).map(\.name)
    let one = try step(fixture, names, threads: 1)
    let two = try step(fixture, names, threads: 2)
    #expect(one.loss == two.loss)
    for (name, pair) in zip(names, zip(one.sums, two.sums)) {
      #expect(pair.0.isIdentical(to: pair.1), "\(name)")
    }
  }

  @Test(arguments: GradientFixture.single)
  func `every late rule leaves a training step that keeps its promises`(_ fixture: GradientFixture) throws {
    let names = try expected(fixture).map(\.name)
    let compiled = CompiledModel(
      try fixture.model(), variables: names, registry: .standard, context: .testing(threads: 1))
    let graph = try StepGraph.make(
      from: try compiled.graph(batch: 2), parameters: names, objective: CrossEntropyObjective())
    var problems = graph.problems(in: .late)
    _ = try RuleSet.late.apply(to: graph) { rule, graph in
      problems += graph.problems(in: .late).map { "\(rule.label): \($0)" }
    }
    #expect(problems == [])
  }
}
