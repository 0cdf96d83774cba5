import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct BatchNormalizationGradientTests {
  @Test func `input, scale and bias have the gradients of an affine map per channel`() throws {
    let operands: [ReferenceTensor] = [
      .normal([2, 3, 4]), .normal([3], seed: 2), .normal([3], seed: 3), .normal([3], seed: 4),
      .uniform([3], in: 0.5...2, seed: 5),
    ]
    let seed = ReferenceTensor.normal([2, 3, 4], seed: 6)
    var builder = GradientBuilder(extending: LoweredGraph(), prefix: "bn/")
    let names = ["x", "scale", "bias", "mean", "variance"]
    for (name, operand) in zip(names, operands) {
      builder.addInput(name, type: ValueType(.float64, operand.shape))
    }
    builder.addInput("dY", type: ValueType(.float64, seed.shape))
    let node = Node("BatchNormalization", inputs: names, outputs: ["y"])
    let read = try OperatorRegistry.standard.lower(node, version: 24)
    let lowered = LoweredNode(read.operation, names, outputs: ["y"])
    let site = PullbackSite(node: lowered, outputGradients: ["dY"], needs: [true, true, true, false, false])
    let gradients = try lowered.operation.pullback(site, into: &builder)
    var feeds = ["dY": try seed.tensor(.float64)]
    for (name, operand) in zip(names, operands) { feeds[name] = try operand.tensor(.float64) }
    let values = try Interpreter().values(of: builder.graph, feeds)

    let rstd = operands[4].map { 1 / ($0 + Double(Float(1e-5))).squareRoot() }
    let normalized = ReferenceTensor.make([2, 3, 4]) {
      (operands[0]($0) - operands[3]([$0[1]])) * rstd([$0[1]])
    }
    let expected = [
      ReferenceTensor.make([2, 3, 4]) { seed($0) * operands[1]([$0[1]]) * rstd([$0[1]]) },
      seed.zip(normalized) { $0 * $1 }.reduce([0, 2], keepsAxes: false) { $0.reduce(0, +) },
      seed.reduce([0, 2], keepsAxes: false) { $0.reduce(0, +) },
    ]
    for (name, wanted) in zip(gradients, expected) {
      let found = try #require(name.flatMap { values[$0] })
      try expectClose(
        found, wanted, .relativeToLargest(1e-6, reason: "one sum of eight terms"), floatingPoint: .float64)
    }
  }
}
