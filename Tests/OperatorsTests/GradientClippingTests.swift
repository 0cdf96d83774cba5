import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct GradientClippingTests {
  @Test(arguments: [0.5, 5.0, 1e9])
  func `gradients are scaled to the common norm that PyTorch allows`(_ maximum: Double) throws {
    let first = ReferenceTensor.normal([3, 4])
    let second = ReferenceTensor.normal([5], seed: 2, scale: 2)
    var builder = GradientBuilder(extending: LoweredGraph(), prefix: "clip/")
    builder.addInput("a", type: ValueType(.float64, first.shape))
    builder.addInput("b", type: ValueType(.float64, second.shape))
    let clipped = try GradientClipping.emit(["a", "b"], maximumNorm: maximum, into: &builder)
    let feeds = ["a": try first.tensor(.float64), "b": try second.tensor(.float64)]
    let values = try Interpreter().values(of: builder.graph, feeds)

    let norm = (first.values + second.values).reduce(0) { $0 + $1 * $1 }.squareRoot()
    let factor = min(1, maximum / (norm + 1e-6))
    for (name, source) in zip(clipped.gradients, [first, second]) {
      let found = try #require(values[name])
      try expectClose(found, source.map { $0 * factor }, .ulp(16), floatingPoint: .float64)
    }
    let found = try #require(values[clipped.norm]?.doubles?.first)
    #expect(abs(found - norm) < 1e-13 * norm)
  }
}
