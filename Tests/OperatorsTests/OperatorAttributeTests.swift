import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct OperatorAttributeTests {
  /// The nodes of all cases and of their gradients.
  private static let nodes = Result {
    try OperatorCase.all.flatMap { testCase in
      [try testCase.graph(.float32).nodes[0]] + (try GradientCheck().emittedNodes(of: testCase))
    }
  }

  @Test func `an operator is read back from the attributes that it prints`() throws {
    for node in try Self.nodes.get() { try node.expectReadBack() }
  }

  @Test func `operators of equal content have equal fields`() throws {
    var known: [String: String] = [:]
    for node in try Self.nodes.get() {
      guard let content = node.operation.content else { continue }
      let fields = String(reflecting: node.operation)
      #expect(known.updateValue(fields, forKey: content) ?? fields == fields, "\(content)")
    }
    #expect(known.count > 150)
  }

  @Test func `content tells zeros of both signs apart and NaN from no other`() {
    func content(_ epsilon: Float) -> String? { LayerNormalization(axis: -1, epsilon: epsilon).content }
    #expect(content(0) != content(-0.0))
    #expect(content(.nan) == content(.nan))
  }

  @Test func `an operator that holds a tensor has no content`() throws {
    let text =
      #"<ir_version: 8, opset_import: ["" : 17]> g () => (float y) { y = Constant <value_float = 1.0> () }"#
    let node = try ModelDescription(text: text).graph.nodes[0]
    #expect(try OperatorRegistry.standard.lower(node, version: 17).operation.content == nil)
  }

  /// Nodes of older operator sets, and what the newest one says instead.
  struct Older: Sendable, CustomStringConvertible {
    let description: String
    let version: Int
    let text: String
    let attributes: [String]
    let operands: Int
  }

  static let older = [
    Older(
      description: "axes", version: 11, text: "Squeeze <axes = [0]> (x)", attributes: [], operands: 2),
    Older(
      description: "bounds", version: 10, text: "Clip <max = 6.0> (x)", attributes: [], operands: 3),
    Older(
      description: "pads", version: 10, text: "Pad <pads = [0,1,0,1], value = 2.0> (x)", attributes: ["mode"],
      operands: 3),
    Older(
      description: "starts and ends", version: 9, text: "Slice <starts = [1], ends = [3], axes = [1]> (x)",
      attributes: [], operands: 4),
    Older(
      description: "reduced axes", version: 17, text: "ReduceMean <axes = [1]> (x)", attributes: ["keepdims"],
      operands: 2),
  ]

  @Test(arguments: older)
  func `what an older operator set says by attributes is an operand once it is lowered`(_ older: Older) throws
  {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : \(older.version)]>
        g (float[1,4] x) => (float y) { y = \(older.text) }
        """)
    var graph = model
    graph.graph.outputs = [ValueDescription(name: "y", type: nil)]
    let lowered = try Lowering(registry: .standard, context: Interpreter().context).lower(graph)
    let node = try #require(lowered.nodes.first)
    #expect(node.operation.attributes.map(\.name) == older.attributes)
    #expect(node.inputs.count == older.operands)
    #expect(node.inputs.dropFirst().allSatisfy { $0.isEmpty || lowered.constants[$0] != nil })
  }
}
