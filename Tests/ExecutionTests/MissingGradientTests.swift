import Execution
import Graphs
import Kernels
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct MissingGradientTests {
  @Test func `all operators without gradient are named at once, also one behind another`() throws {
    let registry = OperatorRegistry([Murky.self, Opaque.self])
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17, "test" : 1]>
        g (float[4] x) => (float[4] y) { a = test.Opaque (x)  y = test.Murky (a) }
        """)
    let run = ModelRun(model, registry: registry, context: .testing(threads: 1))
    let input = try Tensor([Float](repeating: 1, count: 4), shape: [4])
    let error = #expect(throws: DifferentiationError.self) {
      _ = try run.gradients(for: ["x": input], by: ["x"])
    }
    let lines = error?.unsupported ?? []
    #expect(lines.count == 2)
    for name in ["test.Murky backward", "test.Opaque backward"] {
      #expect(lines.contains { $0.hasPrefix(name) }, "\(lines)")
    }
  }
}

/// An operator that has no gradient.
private protocol WithoutGradient: WithoutAttributes {}

extension WithoutGradient {
  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] { [inputs[0]] }
  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { _ in }
  }
}

private struct Opaque: WithoutGradient {
  static let schema = OperatorSchema("Opaque", domain: "test", versions: 1..., inputs: ["X"], outputs: ["Y"])
}

private struct Murky: WithoutGradient {
  static let schema = OperatorSchema("Murky", domain: "test", versions: 1..., inputs: ["X"], outputs: ["Y"])
}
