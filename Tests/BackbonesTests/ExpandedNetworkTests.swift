import Backbones
import Graphs
import ONNXFormat
import Operators
import TestSupport
import Testing

/// Networks whose residual stream is hidden in nodes that stand for others.
@Suite struct ExpandedNetworkTests {
  @Test(arguments: BackboneFixture.expanded)
  func `a file that ONNX Runtime rewrote is recognised by what its operators stand for`(
    _ fixture: BackboneFixture
  ) throws {
    let recognition = try fixture.recognition()
    let layout = try recognition.requireLayout()
    let original = try #require(fixture.unoptimized)
    let plain = try original.layout()
    #expect(layout.family == fixture.family && layout.variant == plain.variant)
    #expect(layout.blocks.map(\.stage) == plain.blocks.map(\.stage))
    #expect(layout.sites.map(\.role) == plain.sites.map(\.role))
    #expect(layout.sites.map(\.channels) == plain.sites.map(\.channels))
    #expect(layout.sites.map { "\($0.layout) \($0.grid)" } == plain.sites.map { "\($0.layout) \($0.grid)" })
    #expect(layout.head?.features == fixture.head?.features && layout.head?.classes == fixture.head?.classes)
    if fixture.family != "resnet" {
      let sites = layout.sites(.afterAttention) + layout.sites(.afterMLP)
      let sums = sites.map { recognition.view.node(making: $0.value, "Add") }
      #expect(sums.count == 2 * layout.blocks.count && !sums.contains { $0 == nil })
    }
    // Before its optimisation the file had the same weights; one of open sizes has those that it resizes, too.
    if original.dynamic == fixture.dynamic {
      #expect(layout.weights.reduce(0) { $0 + $1.count } == plain.weights.reduce(0) { $0 + $1.count })
    }
  }

  @Test func `a branch that follows from shapes, as TorchScript writes it, hides nothing`() throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    var model = try fixture.model()
    let expected = try fixture.layout()
    let value = try #require(expected.sites.first).value
    let branched = try Graph(
      text: """
        g (float[1,1] stream) => (float[1,1] result) {
          shape = Shape (stream) axis = Constant <value_ints = [2]> () width = Gather (shape, axis)
          one = Constant <value_ints = [1]> () isOne = Equal (width, one)
          result = If (isOne) <
            then_branch = t () => (float[] r) { r = Squeeze (stream, axis) },
            else_branch = e () => (float[] r) { r = Identity (stream) }>
        }
        """)
    for index in model.graph.nodes.indices where model.graph.nodes[index].outputs.contains(value) {
      model.graph.nodes[index].outputs = ["stream"]
    }
    model.graph.nodes += branched.nodes
    for index in model.graph.nodes.indices where model.graph.nodes[index].outputs == ["result"] {
      model.graph.nodes[index].outputs = [value]
    }
    let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
    #expect(layout.blocks.count == expected.blocks.count && layout.variant == expected.variant)
    #expect(layout.sites.count == expected.sites.count && layout.weights.count == expected.weights.count)
  }

  @Test func `a network inside a function is recognised as it is outside`() throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    let plain = try fixture.model()
    var model = plain
    let inputs = plain.graph.requiredInputs.map(\.name) + plain.graph.initializers.map(\.name)
    let outputs = plain.graph.outputs.map(\.name)
    let name = OperatorName("network", domain: "d")
    var function = Function(name, inputs: inputs, outputs: outputs, nodes: plain.graph.nodes)
    function.operatorSets = plain.operatorSets
    model.functions = [function]
    model.operatorSets.append(OperatorSet(domain: "d", version: 1))
    model.graph.nodes = [Node(name, name: "all", inputs: inputs, outputs: outputs)]
    let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
    let expected = try fixture.layout()
    #expect(layout.variant == expected.variant)
    #expect(layout.sites.map(\.value) == expected.sites.map { "all/" + $0.value })
    #expect(layout.weights.map(\.name) == expected.weights.map(\.name))
  }
}
