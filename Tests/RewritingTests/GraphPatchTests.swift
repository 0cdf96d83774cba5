import Graphs
import Rewriting
import Tensors
import Testing

@Suite struct GraphPatchTests {
  /// x → Relu → a, read by Neg and Abs.
  private var graph: Graph {
    let type = TypeDescription(.tensor(elementType: 1, shape: [Dimension(.value(3))]))
    return Graph(
      name: "small",
      nodes: [
        Node("Relu", inputs: ["x"], outputs: ["a"]), Node("Neg", inputs: ["a"], outputs: ["b"]),
        Node("Abs", inputs: ["a"], outputs: ["c"]),
      ], inputs: [ValueDescription(name: "x", type: type)],
      outputs: [ValueDescription(name: "b", type: type), ValueDescription(name: "c", type: type)])
  }

  @Test func `all readers of a value are led to its replacement, which stands behind the value's node`()
    throws
  {
    var patch = GraphPatch(label: "adapter")
    patch.add("w", try Tensor([Float(1), 2, 3]), group: .adapter)
    patch.rewire("a", to: patch.add(Node("Mul", inputs: ["a", "w"], outputs: ["m"])))
    let patched = try graph.applying(patch)
    #expect(patched.nodes.map(\.operatorName.type) == ["Relu", "Mul", "Neg", "Abs"])
    #expect(patched.nodes.map(\.inputs) == [["x"], ["a", "w"], ["m"], ["m"]])
    #expect(patched.initializers.map(\.name) == ["w"])
  }

  @Test func `a replaced graph output keeps its name`() throws {
    var patch = GraphPatch(label: "head")
    patch.rewire("b", to: patch.add(Node("Exp", inputs: ["b"], outputs: ["e"])))
    let patched = try graph.applying(patch)
    #expect(patched.outputs.map(\.name) == ["b", "c"])
    #expect(patched.nodes.first { $0.outputs == ["b"] }?.operatorName.type == "Exp")
    #expect(patched.nodes.first { $0.operatorName.type == "Exp" }?.inputs == ["b/before head"])
  }

  @Test func `what was declared of a replaced graph output is declared of the value that it was`() throws {
    var described = graph
    let type = TypeDescription(.tensor(elementType: 1, shape: [Dimension(.value(7))]))
    described.valueDescriptions = [ValueDescription(name: "b", type: type)]
    var patch = GraphPatch(label: "head")
    patch.rewire("b", to: patch.add(Node("Exp", inputs: ["b"], outputs: ["e"])))
    #expect(try described.applying(patch).valueDescriptions.map(\.name) == ["b/before head"])
  }

  @Test func `names that clash or are missing are refused`() throws {
    var clash = GraphPatch(label: "twice")
    clash.add(Node("Exp", inputs: ["a"], outputs: ["b"]))
    #expect(throws: GraphPatchError.nameClash("b", patch: "twice")) { try graph.applying(clash) }
    var missing = GraphPatch(label: "nowhere")
    missing.rewire("z", to: "a")
    #expect(throws: GraphPatchError.valueNotFound("z", patch: "nowhere")) { try graph.applying(missing) }
  }
}
