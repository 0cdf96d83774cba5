import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct CostTests {
  private func cost(of testCase: OperatorCase) throws -> (operations: Int, bytes: Int) {
    let graph = try testCase.graph(.float32)
    let node = graph.nodes[0]
    let inputs = graph.inputTypes(of: node)
    let results = node.outputs.map { graph.type($0) }
    return (node.operation.floatingPointOperations(inputs), node.operation.bytesMoved(inputs, results))
  }

  @Test func `every operator states operations, or that it has none`() throws {
    var counted: Set<OperatorName> = []
    for testCase in OperatorCase.all {
      let (operations, bytes) = try cost(of: testCase)
      let graph = try testCase.graph(.float32)
      if graph.outputs.contains(where: { graph.type($0).shape.elementCount > 0 }) {
        #expect(bytes > 0, "\(testCase) moves nothing")
      }
      #expect(operations >= 0)
      if operations > 0 || graph.nodes[0].operation is any WithoutArithmetic {
        counted.insert(testCase.operatorName)
      }
    }
    // Their arithmetic begins where a mask is drawn, and no case asks for that.
    let withoutCases = ["Dropout", "IsNaN", "Not"].map { OperatorName($0) }
    for testCase in OperatorCase.all where !withoutCases.contains(testCase.operatorName) {
      #expect(counted.contains(testCase.operatorName), "\(testCase.operatorName) counts nothing")
    }
  }

  @Test func `a convolution counts two operations per tap and channel, and its bias`() throws {
    let testCase = OperatorCase(
      "by hand", "Conv", inputs: [.normal([2, 4, 5, 5]), .normal([6, 2, 3, 3]), .normal([6])],
      attributes: [Attribute("pads", [1, 1, 1, 1]), Attribute("group", 2)]
    ) { $0[0] }
    let outputs = 2 * 6 * 5 * 5
    let (operations, bytes) = try cost(of: testCase)
    #expect(operations == 2 * outputs * 2 * 9 + outputs)
    #expect(bytes == 4 * (2 * 4 * 25 + 6 * 2 * 9 + 6 + outputs))
  }

  @Test func `a slice moves what it takes and not the whole`() throws {
    let testCase = OperatorCase(
      "by hand", "Slice", inputs: [.normal([100, 8]), .integers([3]), .integers([5]), .integers([0])]
    ) { $0[0] }
    let (operations, bytes) = try cost(of: testCase)
    #expect(operations == 0)
    #expect(bytes == 2 * (2 * 8 * 4) + 3 * 8)
  }
}
