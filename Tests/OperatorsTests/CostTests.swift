import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct CostTests {
  private func cost(of testCase: OperatorCase) throws -> (work: BoundKernel.Work, bytes: Int) {
    let graph = try testCase.graph(.float32)
    let node = graph.nodes[0]
    let results = node.outputs.map { graph.type($0) }
    let kernel = try node.bind(graph.inputTypes(of: node), results: results, .testing)
    return (kernel.work, kernel.bytesMoved(writing: results.reduce(0) { $0 + $1.byteCount }))
  }

  @Test func `every operator states operations, or that it has none`() throws {
    var counted: Set<OperatorName> = []
    for testCase in OperatorCase.all {
      let (work, bytes) = try cost(of: testCase)
      let graph = try testCase.graph(.float32)
      if graph.outputs.contains(where: { graph.type($0).shape.elementCount > 0 }) {
        #expect(bytes > 0, "\(testCase) moves nothing")
      }
      if case .operations(let count) = work { #expect(count >= 0) }
      if work != .operations(0) { counted.insert(testCase.operatorName) }
    }
    for testCase in OperatorCase.all {
      #expect(counted.contains(testCase.operatorName), "\(testCase.operatorName) counts nothing")
    }
  }

  @Test func `a convolution counts two operations per tap and channel, and its bias`() throws {
    let testCase = OperatorCase(
      "by hand", "Conv", inputs: [.normal([2, 4, 5, 5]), .normal([6, 2, 3, 3]), .normal([6])],
      attributes: [Attribute("pads", [1, 1, 1, 1]), Attribute("group", 2)]
    ) { $0[0] }
    let outputs = 2 * 6 * 5 * 5
    let (work, bytes) = try cost(of: testCase)
    #expect(work == .operations(2 * outputs * 2 * 9 + outputs))
    #expect(bytes == 4 * (2 * 4 * 25 + 6 * 2 * 9 + 6 + outputs))
  }

  @Test func `a slice moves what it takes and not the whole`() throws {
    let testCase = OperatorCase(
      "by hand", "Slice", inputs: [.normal([100, 8]), .integers([3]), .integers([5]), .integers([0])]
    ) { $0[0] }
    let (work, bytes) = try cost(of: testCase)
    #expect(work == .movement)
    #expect(bytes == 2 * (2 * 8 * 4) + 3 * 8)
  }
}
