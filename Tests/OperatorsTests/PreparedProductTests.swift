import Graphs
import Kernels
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct PreparedProductTests {
  @Test(arguments: ["MatMul", "Gemm"])
  func `a weight packed before gives the bits of one packed on the way`(_ type: String) throws {
    let node = Node(type, inputs: ["a", "b"], outputs: ["y"])
    let lowered = try OperatorRegistry.standard.lower(node, version: 24)
    let a = try ReferenceTensor.normal([37, 65]).tensor(.float32)
    let b = try ReferenceTensor.normal([65, 33], seed: 2).tensor(.float32)
    let types = [ValueType(.float32, a.shape), ValueType(.float32, b.shape)]
    let options = KernelOptions(threads: 2, level: Processor.detectedLevel())
    func run(_ constants: [Tensor?]) throws -> Tensor {
      let inputs = InputTypes(types: types, constants: constants, outputCount: 1)
      let result = try Tensor(zeros: [37, 33])
      let bytes = lowered.operation.scratchByteCount(inputs, options)
      let prepared = try lowered.operation.prepare(inputs, options)
      #expect((prepared != nil) == (constants[1] != nil))
      try lowered.operation.evaluate(
        Operands(
          inputs: [TensorView(a), TensorView(b)], outputs: [TensorView(result)],
          scratch: TensorView(try Tensor(zeros: Shape([bytes]), of: .uint8)), prepared: prepared),
        ExecutionContext(options: options))
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
    #expect(lowered.operation.updatedInputs(inputs) == [2, 3, 6, 7, 8, 9])
  }
}
