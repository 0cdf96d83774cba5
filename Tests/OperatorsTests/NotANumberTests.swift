import Graphs
import Kernels
import Operators
import TestSupport
import Tensors
import Testing

/// A NaN among the operands stays one, as in NumPy and ONNX Runtime: it must not look like a result.
@Suite struct NotANumberTests {
  /// Where the NaN of an operand has to appear.
  enum Reach {
    /// In the same element and nowhere else.
    case element
    /// In every element.
    case everywhere
  }

  struct Row: CustomTestStringConvertible, Sendable {
    let type: String
    var others: [ReferenceTensor] = []
    var attributes: [Attribute] = []
    var reach = Reach.element
    var testDescription: String { type }
  }

  static let rows: [Row] = [
    Row(type: "Relu"), Row(type: "Sigmoid"), Row(type: "Tanh"), Row(type: "Erf"), Row(type: "Exp"),
    Row(type: "Abs"), Row(type: "Round"), Row(type: "Floor"), Row(type: "Gelu"),
    Row(type: "Gelu", attributes: [Attribute("approximate", "tanh")]),
    Row(type: "Clip", others: [.scalar(0), .scalar(6)]), Row(type: "Max", others: [.scalar(1)]),
    Row(type: "Min", others: [.scalar(1)]), Row(type: "Max"), Row(type: "Min"),
    Row(type: "Softmax", reach: .everywhere), Row(type: "LogSoftmax", reach: .everywhere),
    Row(type: "ReduceMax", reach: .everywhere), Row(type: "ReduceMin", reach: .everywhere),
    Row(type: "ReduceSum", reach: .everywhere), Row(type: "ReduceMean", reach: .everywhere),
    Row(type: "ReduceL2", reach: .everywhere),
  ]

  @Test(arguments: rows, [ElementType.float32, .float64])
  func `what is not a number stays so`(_ row: Row, _ type: ElementType) throws {
    // In a whole vector, and in the rest of one; numbers before and after.
    for place in [3, 36] {
      var x = (0..<39).map { Double($0) / 7 - 1 }
      x[place] = .nan
      let testCase = OperatorCase(
        "a NaN", row.type, version: 20, inputs: [.of(x)] + row.others, attributes: row.attributes
      ) { $0[0] }
      let graph = try testCase.graph(type)
      for level in Processor.availableLevels() {
        let result = try Interpreter(level: level).run(graph, testCase.feeds(type))[0]
        let found = result.widened.map(\.isNaN)
        let expected = found.indices.map { row.reach == .everywhere || $0 == place }
        #expect(found == expected, "\(level)")
      }
    }
  }

  @Test(arguments: [ElementType.float32, .float64], [[0], [9, 10], [20]])
  func `the largest of a window with a NaN is none`(_ type: ElementType, columns: [Int]) throws {
    // In a whole vector, and in the rest of one.
    var x = (0..<5 * 21).map { Double($0 % 17) - 8 }
    for column in columns { x[2 * 21 + column] = .nan }
    let testCase = OperatorCase(
      "a NaN", "MaxPool", inputs: [ReferenceTensor(x, [1, 1, 5, 21])],
      attributes: [Attribute("kernel_shape", [3, 3])]
    ) { $0[0] }
    let result = try Interpreter().run(testCase.graph(type), testCase.feeds(type))[0]
    let expected = (0..<3 * 19).map { window in
      columns.contains { (window % 19..<window % 19 + 3).contains($0) }
    }
    #expect(result.widened.map(\.isNaN) == expected)
  }

  @Test(arguments: [ElementType.float32, .float64], [0, 1])
  func `attention to one key whose score is not a number gives none`(_ type: ElementType, isCausal: Int)
    throws
  {
    let nan = ReferenceTensor(.init(repeating: .nan, count: 4), [1, 1, 1, 4])
    let ones = ReferenceTensor(.init(repeating: 1, count: 4), [1, 1, 1, 4])
    let testCase = OperatorCase(
      "a NaN", "Attention", inputs: [nan, ones, ones], attributes: [Attribute("is_causal", isCausal)]
    ) { $0[0] }
    let result = try Interpreter().run(testCase.graph(type), testCase.feeds(type))[0]
    #expect(result.widened.count == 4 && result.widened.allSatisfy(\.isNaN))
  }
}
