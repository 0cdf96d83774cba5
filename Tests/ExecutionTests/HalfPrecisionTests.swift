import Execution
import Graphs
import ONNXFormat
import Operators
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Graphs that compute in floats of 16 bits, beside ONNX Runtime, which computes them so; here they are computed in float32.
@Suite struct HalfPrecisionTests {
  /// Elements of 16 bits stand in the text as their bits.
  static let graphs = [
    // Inputs and outputs in float16.
    model("(float16[2,3] x) => (float16[2,2] y) \(weights)", "y = MatMul (x, w)"),
    // In float32, with a Cast at both ends.
    model(
      "(float[2,3] x) => (float[2,2] y) \(weights)",
      "h = Cast <to = 10> (x) m = MatMul (h, w) y = Cast <to = 1> (m)"),
    // Types that follow an operand that is not the first one, or an attribute.
    model(
      "(float[2,3] x) => (float16[2,2] y, float16[2,3] z, float16[2,3] u) \(weights)",
      """
      h = CastLike (x, w) y = MatMul (h, w) none = Constant <value = float16 {0}> () isNegative = Less (h, none)
      z = Where (isNegative, none, h) shape = Shape (x) ones = ConstantOfShape <value = float16[1] {15360}> (shape) u = Add (h, ones)
      """),
    // Operators that stand for others, with numbers of their own.
    model(
      "(float16[2,3] x) => (float16[2,3] y, float16[2,3] z)",
      "y = HardSwish (x) c = Softsign (x) z = com.microsoft.Gelu (c)"),
    // A number that older operator sets have as attribute.
    model("(float16[2,3] x) => (float16[2,3] y)", "y = Clip <min = -0.5, max = 0.25> (x)", operatorSet: 7),
    // Both precisions in one graph.
    model(
      "(float16[2,3] x, float[3] b) => (float[2,3] y, float16[2,3] z)",
      "f = Cast <to = 1> (x) y = Add (f, b) z = Neg (x)"),
  ]

  private static let weights = "<float16[3,2] w = {15872, 49280, 11878, 14200, 1, 48100}>"

  private static func model(_ declaration: String, _ nodes: String, operatorSet: Int = 17) -> String {
    """
    <ir_version: 9, opset_import: ["" : \(operatorSet), "com.microsoft" : 1]> g \(declaration) { \(nodes) }
    """
  }

  private static let script = """
    import sys, numpy, onnx, onnx.parser, onnx.numpy_helper, onnxruntime
    folder = sys.argv[1]
    model = onnx.parser.parse_model(open(folder + "/model.txt").read())
    onnx.save(model, folder + "/model.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder + "/model.onnx", options)
    random = numpy.random.default_rng(1)
    feeds = {}
    for index, value in enumerate(session.get_inputs()):
        kind = numpy.float16 if "float16" in value.type else numpy.float32
        feeds[value.name] = random.standard_normal(value.shape).astype(kind)
        onnx.save_tensor(onnx.numpy_helper.from_array(feeds[value.name]), f"{folder}/input_{index}.pb")
    for index, result in enumerate(session.run(None, feeds)):
        onnx.save_tensor(onnx.numpy_helper.from_array(result), f"{folder}/output_{index}.pb")
    """

  @Test(.enabled(if: Python.hasONNX), arguments: graphs)
  func `what computes in float16 gives what ONNX Runtime gives, in the types of the file`(_ text: String)
    throws
  {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "model.txt")
    #expect(try Python.run(Self.script, [folder.path]) == "")
    let model = try ONNXFile.read(folder.file("model.onnx"))
    var inputs: [String: Tensor] = [:]
    for (index, input) in model.graph.requiredInputs.enumerated() {
      inputs[input.name] = try TensorProtoFile.read(folder.file("input_\(index).pb")).tensor
    }
    let outputs = try ModelRun(model, registry: .standard, context: .testing(threads: 1)).outputs(for: inputs)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(try TensorProtoFile.read(folder.file("output_\(index).pb")).tensor)
      #expect(output.elementType == expected.elementType && output.shape == expected.shape)
      try expectClose(
        try output.computable().widened, try expected.computable().widened,
        .relativeToLargest(2e-3, reason: "ONNX Runtime rounds every value to float16, 5e-4 each"))
    }
  }

  @Test(arguments: ["float16", "bfloat16"])
  func `weights of 16 bits are computed with in float32, exactly`(_ type: String) throws {
    var model = try ModelDescription(
      text:
        #"<ir_version: 9, opset_import: ["" : 17]> g (\#(type)[3] x) => (\#(type)[3] y) { y = Mul (x, w) }"#)
    let narrow = try #require(ElementType.allCases.first { $0.name == type })
    // The bits 3F80 are 1 as bfloat16 and 1.875 as float16.
    let bits = try Tensor([UInt16(0x3F80), 0x3F80, 0])
    let weights = Tensor(
      elementType: narrow, shape: bits.shape, storage: bits.storage, byteOffset: bits.byteOffset)
    model.graph.initializers = [TensorConstant(name: "w", weights)]
    let x = try Tensor([Float(1), 2, -1]).stored(as: narrow)
    let run = ModelRun(model, registry: .standard, context: .testing(threads: 1))
    let y = try #require(try run.outputs(for: ["x": x]).first)
    #expect(y.elementType == narrow)
    let w = type == "float16" ? 1.875 : 1
    #expect(try y.computable().doubles == [w, 2 * w, 0])
    let gradient = try #require(try run.gradients(for: ["x": x], by: ["w"]).first)
    #expect(gradient.doubles == [1, 2, -1])
  }

  @Test func `an input of another precision is refused by name`() throws {
    let model = try ModelDescription(
      text: #"<ir_version: 9, opset_import: ["" : 17]> g (float16[3] x) => (float16[3] y) { y = Neg (x) }"#)
    let run = ModelRun(model, registry: .standard, context: .testing(threads: 1))
    let error = #expect(throws: ExecutionError.self) {
      try run.outputs(for: ["x": try Tensor([1.0, 2.0, 3.0])])
    }
    #expect(error?.message == "input 'x': expects float[3], given double[3]")
  }

  @Test func `weights are widened once for all numbers of images`() throws {
    let fixture = try #require(BackboneFixture.halves.first { $0.dynamic })
    let compiled = CompiledModel(try fixture.model(), registry: .standard, context: .testing(threads: 1))
    let graphs = try [1, 2].map { try compiled.graph(batch: $0) }
    let wide = graphs[0].storedTypes.keys.filter { graphs[0].constants[$0] != nil }
    let weights = try fixture.model().graph.initializers.filter { $0.elementType == .float16 }.map(\.name)
    let kept = weights.filter { wide.contains($0) }
    #expect(!kept.isEmpty)
    #expect(kept.allSatisfy { graphs[0].constants[$0]?.storage === graphs[1].constants[$0]?.storage })
  }
}
