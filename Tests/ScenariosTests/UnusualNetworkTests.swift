import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Networks in files that hold something else than one known network as it was trained.
@Suite(.serialized) struct UnusualNetworkTests {
  private static func fixture(_ name: String) throws -> ModelDescription {
    try ONNXFile.read(Scenario.fixture("backbones/" + name))
  }

  /// A vision transformer and a residual network in one file, each on images of its own.
  private static func pair() throws -> ModelDescription {
    var pair = try fixture("timm_vit.ts17.dynamic.onnx")
    let other = try fixture("timm_resnet.ts17.dynamic.onnx").graph
    func renamed(_ name: String) -> String { name.isEmpty ? "" : "second/" + name }
    for var node in other.nodes {
      node.name = renamed(node.name)
      node.inputs = node.inputs.map(renamed)
      node.outputs = node.outputs.map(renamed)
      pair.graph.nodes.append(node)
    }
    for var initializer in other.initializers {
      initializer.name = renamed(initializer.name)
      pair.graph.initializers.append(initializer)
    }
    for var input in other.requiredInputs {
      input.name = renamed(input.name)
      pair.graph.inputs.append(input)
    }
    for var output in other.outputs {
      output.name = renamed(output.name)
      pair.graph.outputs.append(output)
    }
    return pair
  }

  @Test func `two image inputs are refused by their names`() throws {
    let folder = try TemporaryFolder()
    try ONNXFile.write(try Self.pair(), to: folder.file("m.onnx"))
    let result = try ToolProcess.run(["inject", "m.onnx", "-o", "out.onnx"], in: folder)
    #expect(result.code == 3, "\(result.errors)")
    #expect(
      result.errors.contains("the network has 2 inputs, 'input', 'second/input', expected one image input"),
      "\(result.errors)")
    let inspected = try ToolProcess.run(["inspect", "m.onnx"], in: folder)
    #expect(inspected.code == 0 && inspected.output.contains("'second/input'"), "\(inspected.output)")
  }

  @Test func `two networks on the same images are refused by their first convolutions`() throws {
    let folder = try TemporaryFolder()
    var model = try Self.pair()
    model.graph.inputs.removeAll { $0.name == "second/input" }
    for index in model.graph.nodes.indices {
      model.graph.nodes[index].inputs = model.graph.nodes[index].inputs.map {
        $0 == "second/input" ? "input" : $0
      }
    }
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    let result = try ToolProcess.run(["inject", "m.onnx", "-o", "out.onnx"], in: folder)
    #expect(result.code == 3, "\(result.errors)")
    #expect(
      result.errors.contains(
        "2 convolutions read the image input 'input', '/patch_embed/proj/Conv', 'second//conv1/Conv': several networks"
      ),
      "\(result.errors)")
    // A method that puts nothing in needs one classifier, and there are two.
    let probe = try ToolProcess.run(
      ["inject", "m.onnx", "-o", "out.onnx", "--method", "linear", "--classes", "3"], in: folder)
    #expect(probe.code == 65, "\(probe.errors)")
    #expect(probe.errors.contains("'logits', 'second/logits'"), "\(probe.errors)")
    #expect(!folder.exists("out.onnx"))
  }

  @Test
  func `a Swin of one size whose windows do not divide the map it is said to have is refused with the node`()
    throws
  {
    let folder = try TemporaryFolder()
    var model = try Self.fixture("timm_swin.ts17.fixed.slim.onnx")
    let sizes = [1, 3, 40, 40].map { Dimension(.value($0)) }
    model.graph.inputs[0].type = TypeDescription(
      .tensor(elementType: ElementType.float32.rawValue, shape: sizes))
    model.graph.valueDescriptions = []
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    for words in [["inject", "-o", "out.onnx"], ["bench"]] {
      let result = try ToolProcess.run([words[0], "m.onnx"] + words.dropFirst(), in: folder)
      #expect(result.code == 65, "\(result.errors)")
      #expect(
        result.errors.contains(
          "/blocks.0/Reshape_2' (Reshape): can't reshape [1,10,10,12] to [1,2,4,2,4,12]"),
        "\(result.errors)")
    }
  }

  /// A network with some channels of one layer's result left out, in the layer itself and in those that read it.
  private static func pruned(
    _ name: String, _ slices: [(weight: String, axis: Int, kept: Range<Int>)]
  ) throws -> ModelDescription {
    var model = try fixture(name)
    model.graph.valueDescriptions = []
    for (weight, axis, kept) in slices {
      let index = try #require(model.graph.initializers.firstIndex { $0.name == weight })
      let tensor = try #require(model.graph.initializers[index].tensor)
      let values = try #require(tensor.array(of: Float.self))
      var extents = tensor.shape.extents
      let inner = extents[(axis + 1)...].reduce(1, *)
      let size = extents[axis]
      let left = values.enumerated().filter { kept.contains($0.offset / inner % size) }.map(\.element)
      extents[axis] = kept.count
      model.graph.initializers[index].payload = .dense(try Tensor(left, shape: Shape(extents)))
    }
    return model
  }

  @Test(arguments: [0, 1])
  func `blocks that were pruned to different widths are recognised and take adapters`(_ kind: Int)
    throws
  {
    let folder = try TemporaryFolder()
    let vit = try Self.fixture("timm_vit.ts17.dynamic.onnx")
    let resnet = try Self.fixture("timm_resnet.ts17.dynamic.onnx")
    let (name, slices) =
      kind == 0
      ? ("timm_vit.ts17.dynamic.onnx", try Self.hiddenWeights(of: vit))
      : ("timm_resnet.ts17.dynamic.onnx", try Self.innerKernels(of: resnet))
    try ONNXFile.write(try Self.pruned(name, slices), to: folder.file("m.onnx"))
    let before = try ToolProcess.object(["inspect", Scenario.fixture("backbones/" + name)], in: folder)
    let after = try ToolProcess.object(["inspect", "m.onnx"], in: folder)
    #expect(after["family"] == before["family"] && after["variant"] == before["variant"])
    #expect(after["blocks"] == before["blocks"])
    let (less, more) = (after["parameters"]?.integer ?? 0, before["parameters"]?.integer ?? 0)
    #expect(less < more)
    let report = try ToolProcess.object(
      ["inject", "m.onnx", "-o", "out.onnx", "--dim", "2", "--kernels", "3,none"], in: folder)
    #expect(report["identical_at_start"]?.bool == true)
    try folder.drawPhantoms()
    let trained = try ToolProcess.run(
      [
        "train", "m.onnx", "--data", "images", "-o", "run", "--epochs", "1", "--dim", "2", "--kernels",
        "3,none",
      ],
      in: folder)
    #expect(trained.code == 0, "\(trained.errors)")
  }

  /// Of the second block's MLP, the hidden channels from 31 on.
  private static func hiddenWeights(of model: ModelDescription) throws -> [(String, Int, Range<Int>)] {
    let (graph, kept) = (model.graph, 0..<31)
    func weight(_ node: String) throws -> String {
      try #require(
        graph.nodes.first { $0.name == node }?.inputs.first { graph.initializers.map(\.name).contains($0) })
    }
    let layer = "/blocks/blocks.1/mlp/"
    return [
      (try weight(layer + "fc1/MatMul"), 1, kept), (try weight(layer + "fc1/Add"), 0, kept),
      (try weight(layer + "fc2/MatMul"), 0, kept),
    ]
  }

  /// Of the last block, the channels from 3 on that its first convolution makes.
  private static func innerKernels(of model: ModelDescription) throws -> [(String, Int, Range<Int>)] {
    let (graph, kept) = (model.graph, 0..<3)
    let convolutions = graph.nodes.filter {
      $0.operatorName == OperatorName("Conv") && $0.name.contains("/layer")
    }
    let last = try #require(convolutions.last { $0.name.hasSuffix("/conv1/Conv") })
    let block = last.name.dropLast("conv1/Conv".count)
    let next = try #require(convolutions.first { $0.name == block + "conv2/Conv" })
    return [(last.inputs[1], 0, kept), (last.inputs[2], 0, kept), (next.inputs[1], 1, kept)]
  }
}
