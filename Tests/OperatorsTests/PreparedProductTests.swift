import Graphs
import Kernels
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct PreparedProductTests {
  private static let products = [
    OperatorName("MatMul"), OperatorName("Gemm"), OperatorName("TransposedMatMul", domain: "dka.gradient"),
  ]

  @Test(arguments: products)
  func `a weight packed before gives the bits of one packed on the way`(_ name: OperatorName) throws {
    let node = Node(name, inputs: ["a", "b"], outputs: ["y"])
    let lowered = try OperatorRegistry.standard.lower(node, version: 24)
    let a = try ReferenceTensor.normal([37, 65]).tensor(.float32)
    let b = try ReferenceTensor.normal([65, 33], seed: 2).tensor(.float32)
    let types = [ValueType(.float32, a.shape), ValueType(.float32, b.shape)]
    let options = KernelOptions(threads: 2, level: Processor.detectedLevel())
    func run(_ constants: [Tensor?]) throws -> Tensor {
      let inputs = InputTypes(types: types, constants: constants, outputCount: 1)
      let result = try Tensor(zeros: [37, 33])
      let kernel = try lowered.operation.bind(inputs, options)
      #expect((kernel.preparation != nil) == (constants[1] != nil))
      let scratch = try Tensor(zeros: Shape([kernel.scratchByteCount]), of: .uint8)
      try kernel.run(
        Operands(
          inputs: [TensorView(a), TensorView(b)], outputs: [TensorView(result)],
          scratch: TensorView(scratch), prepared: try kernel.preparation?.make()))
      return result
    }
    #expect(try run([nil, b]).isIdentical(to: run([nil, nil])))
  }

  @Test func `the optimisers name the operands that their results replace`() throws {
    let node = Node(
      OperatorName("AdamW", domain: "dka.training"),
      inputs: ["r", "t", "x", "y", "gx", "gy", "vx", "vy", "hx", "hy"],
      outputs: ["a", "b", "c", "d", "e", "f"])
    let lowered = try OperatorRegistry.standard.lower(node, version: 1)
    let types: [ValueType?] =
      [ValueType(.float32, []), ValueType(.int64, [])]
      + [ValueType?](repeating: ValueType(.float32, [3]), count: 8)
    let inputs = InputTypes(types: types, constants: types.map { _ in nil }, outputCount: 6)
    let operation = try #require(lowered.operation as? any StateUpdating)
    #expect(try operation.updatedInputs(inputs) == [2, 3, 6, 7, 8, 9])
  }
}
