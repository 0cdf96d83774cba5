import Graphs
import Kernels
import Operators
import TestSupport
import Tensors
import Testing

/// An operator is bound once to the types of its operands; what it works out then serves every run.
@Suite struct BoundKernelTests {
  /// A case with its kernel, and the memory of one run.
  private struct Bound {
    let kernel: BoundKernel
    let operands: Operands
    let results: [Tensor]

    init(_ testCase: OperatorCase, threads: Int = 1) throws {
      let graph = try testCase.graph(.float32)
      let node = graph.nodes[0]
      let feeds = try testCase.feeds(.float32)
      let types = node.outputs.map { graph.type($0) }
      let options = KernelOptions(threads: threads, level: Processor.detectedLevel())
      kernel = try node.bind(graph.inputTypes(of: node), results: types, options)
      results = try types.map { try Tensor(zeros: $0.shape, of: $0.elementType) }
      let scratch = try Tensor(zeros: Shape([kernel.scratchByteCount]), of: .uint8)
      operands = Operands(
        inputs: node.inputs.map { feeds[$0].map(TensorView.init) }, outputs: results.map(TensorView.init),
        scratch: TensorView(scratch), prepared: try kernel.preparation?.make())
    }
  }

  @Test(arguments: OperatorCase.all)
  func `every run of a kernel gives the bits of the first, and so does one bound again`(
    _ testCase: OperatorCase
  ) throws {
    let bound = try Bound(testCase)
    try bound.kernel.run(bound.operands)
    let first = try bound.results.map { try $0.copied() }
    try bound.kernel.run(bound.operands)
    let again = try Bound(testCase)
    try again.kernel.run(again.operands)
    for (index, result) in first.enumerated() {
      #expect(bound.results[index].isIdentical(to: result))
      #expect(again.results[index].isIdentical(to: result))
    }
  }

  /// In a process of its own: the count is the process's, and other tests allocate meanwhile.
  @Test func `no kernel asks for tensor memory when it runs`() async {
    await #expect(processExitsWith: .success) {
      for testCase in OperatorCase.all {
        let bound = try Bound(testCase, threads: 2)
        try bound.kernel.run(bound.operands)
        let before = Storage.allocationCount
        for _ in 0..<3 { try bound.kernel.run(bound.operands) }
        #expect(Storage.allocationCount == before, "\(testCase)")
      }
    }
  }

  @Test(arguments: [
    (Shape([6, 4, 3, 3]), 1, "patches"), (Shape([8, 2, 3, 3]), 2, "patches"),
    (Shape([4, 1, 3, 3]), 4, "channels"),
  ])
  func `a convolution says how it is computed`(_ kernel: Shape, _ groups: Int, _ name: String) throws {
    let operation = ChannelsLastConv(ConvolutionForm(group: groups, pads: [1, 1, 1, 1]))
    let types = [ValueType(.float32, [2, 14, 14, 4]), ValueType(.float32, kernel)]
    let inputs = InputTypes(types: types, constants: [nil, nil], outputCount: 1)
    #expect(try operation.bind(inputs, .testing).name == name)
  }

  /// Operands that no kernel fits, and what is said of them.
  struct Misfit: Sendable, CustomTestStringConvertible {
    let name: OperatorName
    let shapes: [Shape]
    var attributes: [Attribute] = []
    let message: String
    var testDescription: String { name.description }
  }

  private static let misfits = [
    Misfit(
      name: OperatorName("Conv"), shapes: [[1, 3, 4, 4], [2, 4, 3, 3]],
      message: "kernel [2,4,3,3] with group 1 does not fit input [1,3,4,4]"),
    Misfit(
      name: OperatorName("MatMul"), shapes: [[2, 3], [4, 5]],
      message: "can't multiply [2,3] and [4,5]: inner extents 3 and 4 differ"),
    Misfit(
      name: OperatorName("TransposedMatMul", domain: "dka.gradient"), shapes: [[2, 3], [4, 5]],
      attributes: [Attribute("transA", 1)],
      message: "can't multiply [2,3] and [4,5]: inner extents 2 and 4 differ"),
    Misfit(
      name: OperatorName("Gemm"), shapes: [[2, 3], [4, 5]], attributes: [Attribute("transB", 1)],
      message: "can't multiply [2,3] and [4,5]: inner extents 3 and 5 differ"),
    Misfit(
      name: OperatorName("Einsum"), shapes: [[2, 3], [4, 5]],
      attributes: [Attribute("equation", "ij,jk->ik")],
      message: "label 'j' of equation 'ij,jk->ik' has extents 3 and 4"),
    Misfit(
      name: OperatorName("Attention"), shapes: [[1, 2, 4, 8], [1, 2, 4, 6], [1, 2, 4, 8]],
      message: "queries have depth 8, keys 6"),
    Misfit(
      name: OperatorName("DepthwisePair", domain: "dka.fused"),
      shapes: [[1, 2, 4, 4], [2, 1, 4, 4], [2, 1, 3, 3]],
      message: "kernel has shape [2,1,4,4], expected [2,1,k,k] with k odd"),
    Misfit(
      name: OperatorName("Max"), shapes: [[2], [3]], message: "inputs [2] and [3] do not broadcast"),
    Misfit(
      name: OperatorName("AdamW", domain: "dka.training"), shapes: [[], [], [2], [2], [2]],
      message: "has 5 inputs, expected R, T and four per parameter"),
  ]

  @Test(arguments: misfits)
  func `operands that do not fit are refused when the kernel is bound`(_ misfit: Misfit) throws {
    let node = Node(
      misfit.name, inputs: misfit.shapes.indices.map { "input\($0)" }, outputs: ["y"],
      attributes: misfit.attributes)
    let version = misfit.name.domain.isEmpty ? 24 : 1
    let operation = try OperatorRegistry.standard.lower(node, version: version).operation
    let inputs = InputTypes(
      types: misfit.shapes.map { ValueType(.float32, $0) }, constants: misfit.shapes.map { _ in nil },
      outputCount: 1)
    let error = #expect(throws: OperatorError.self) { _ = try operation.bind(inputs, .testing) }
    #expect(error?.message == misfit.message)
  }
}
