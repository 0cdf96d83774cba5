import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct GradientTests {
  /// PyTorch's gradients are computed in float64.
  ///
  /// A float32 gradient of these networks is a sum of some thousand rounded products: 3e-5 of the tensor's
  /// largest magnitude leaves it the root of that many ulps. In float64 the bound is 2^-23 times smaller.
  static let tolerance = Tolerance.relativeToLargest(3e-5, reason: "sums of some thousand rounded products")

  @Test(arguments: GradientFixture.all)
  func `gradients of a sum agree with PyTorch for every initializer and the input`(_ fixture: GradientFixture)
    throws
  {
    let model = try fixture.model()
    let input = try #require(model.graph.requiredInputs.first).name
    let expected = try fixture.gradients(of: "sum")
    let run = ModelRun(model, registry: .standard, context: .testing(threads: 2))
    let images = try fixture.array("input")
    let found = try run.gradients(for: [input: images], by: expected.map(\.name))
    for (gradient, golden) in zip(found, expected) {
      #expect(gradient.shape == golden.value.shape)
      #expect(gradient.elementType == images.elementType)
      try expectClose(
        gradient.widened, golden.value.widened, Self.tolerance, golden.name, type: images.elementType)
      let isZero = gradient.widened.allSatisfy { $0 == 0 }
      #expect(isZero == golden.value.widened.allSatisfy { $0 == 0 }, "\(golden.name)")
    }
  }

  @Test(arguments: GradientFixture.all)
  func `every adapter weight has a gradient except kernels behind the last block's class token`(
    _ fixture: GradientFixture
  ) throws {
    let model = try fixture.model()
    let input = try #require(model.graph.requiredInputs.first).name
    let names = try fixture.gradients(of: "sum").map(\.name).filter { $0.hasPrefix("dka/") }
    let run = ModelRun(model, registry: .standard, context: .testing(threads: 1))
    let found = try run.gradients(for: [input: try fixture.array("input")], by: names)
    for (name, gradient) in zip(names, found) {
      let largest = gradient.widened.map(abs).max() ?? 0
      if fixture.isUnreachable(name) {
        #expect(largest == 0, "\(name)")
      } else {
        #expect(largest > 0, "\(name)")
      }
    }
  }

  @Test(arguments: GradientFixture.all)
  func `gradients have the same bits with one and two threads`(_ fixture: GradientFixture) throws {
    let model = try fixture.model()
    let input = try #require(model.graph.requiredInputs.first).name
    let names = model.graph.initializers.filter { $0.tensor?.elementType.isFloatingPoint ?? false }.map(
      \.name)
    let images = [input: try fixture.array("input")]
    let one = try ModelRun(model, registry: .standard, context: .testing(threads: 1))
      .gradients(for: images, by: names)
    let two = try ModelRun(model, registry: .standard, context: .testing(threads: 2))
      .gradients(for: images, by: names)
    for (name, pair) in zip(names, zip(one, two)) { #expect(pair.0.isIdentical(to: pair.1), "\(name)") }
  }

  @Test(arguments: GradientFixture.all)
  func `logits agree with PyTorch`(_ fixture: GradientFixture) throws {
    let model = try fixture.model()
    let input = try #require(model.graph.requiredInputs.first).name
    let expected = try fixture.array("logits")
    let found = try ModelRun(model, registry: .standard, context: .testing(threads: 2))
      .outputs(for: [input: try fixture.array("input")])[0]
    try expectClose(
      found.widened, expected.widened, .relativeToLargest(1e-5, reason: "two blocks of rounded sums"),
      type: expected.elementType)
  }
}
