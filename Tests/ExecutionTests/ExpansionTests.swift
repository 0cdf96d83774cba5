import Execution
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

/// Nodes that stand for others, beside ONNX Runtime, which computes them as they are.
@Suite struct ExpansionTests {
  static let runtimeOperators = [
    "<opset_import: [\"\" : 17, \"com.microsoft\" : 1]> g (float[2,3,8] a, float[8] b) => (float[] c) { c = com.microsoft.BiasGelu (a, b) }",
    "<opset_import: [\"\" : 20, \"com.microsoft\" : 1]> g (float[2,3,8] a, float[8] b) => (float[] c) { c = com.microsoft.BiasGelu (a, b) }",
    skip("y = com.microsoft.SkipLayerNormalization (x, s, w)", "float[] y"),
    skip("y = com.microsoft.SkipLayerNormalization <epsilon = 0.5> (x, s, w, b)", "float[] y"),
    skip("y, \"\", \"\", z = com.microsoft.SkipLayerNormalization (x, s, w, b, c)", "float[] y, float[] z"),
    skip(
      "y, \"\", \"\", z = com.microsoft.SkipLayerNormalization (x, s, w, \"\", c)", "float[] y, float[] z"),
    skip(
      "m = MatMul (x, p) [n] y, \"\", \"\", z = com.microsoft.SkipLayerNormalization <epsilon = 1e-6> (s, m, w, b, c) q = Mul (y, z)",
      "float[] q, float[] z"),
    plain("y = com.microsoft.Gelu (x)"), plain("y = com.microsoft.Gelu (x)", operatorSet: 20),
    plain("y = com.microsoft.FastGelu (x)"), plain("y = com.microsoft.FastGelu (x, w)", operatorSet: 20),
    plain("y = com.microsoft.QuickGelu (x)"), plain("y = com.microsoft.QuickGelu <alpha = 1.0> (x)"),
    plain("y = LayerNormalization <epsilon = 1e-3> (x, w, b)", operatorSet: 13),
    plain("y = LayerNormalization <axis = 1> (x, p)", operatorSet: 11),
    plain("y = SimplifiedLayerNormalization <epsilon = 0.1> (x, w)"),
    plain("y = SimplifiedLayerNormalization <axis = 1> (x, p)", operatorSet: 18),
    product("y = com.microsoft.FusedMatMul <alpha = 0.5, transB = 1> (x, s)"),
    product("y = com.microsoft.FusedMatMul <transA = 1> (x, s)"),
    product("y = com.microsoft.FusedMatMul (x, p)"),
    product("y = com.microsoft.FusedMatMul <alpha = -2.0, transA = 1> (w, p)"),
    gemm("activation = \"Relu\", alpha = 0.5, beta = 2.0, transB = 1"),
    gemm("activation = \"Tanh\", transA = 1"),
    convolution("activation = \"Relu\"", "x, w, b"),
    convolution("activation = \"Relu\", strides = [2, 1], pads = [1, 1, 0, 1]", "x, w"),
    convolution("activation = \"Clip\", activation_params = [-0.5, 0.75]", "x, w, b, z"),
    convolution("activation = \"Clip\", activation_params = [-0.5, 0.75]", "x, w, \"\", z", operatorSet: 7),
    convolution("activation = \"Sigmoid\", group = 1", "x, w, \"\", z"),
    convolution("kernel_shape = [1, 1]", "x, w, b, z"), convolution("kernel_shape = [1, 1]", "x, w, b"),
  ]

  private static func plain(_ node: String, operatorSet: Int = 17) -> String {
    """
    <opset_import: ["" : \(operatorSet), "com.microsoft" : 1]>
    g (float[2,3,8] x, float[8] w, float[8] b, float[3,8] p) => (float[] y) { \(node) }
    """
  }

  private static func product(_ node: String) -> String {
    """
    <opset_import: ["" : 17, "com.microsoft" : 1]>
    g (float[2,3,8] x, float[2,3,8] s, float[8] w, float[8,5] p) => (float[] y) { \(node) }
    """
  }

  private static func gemm(_ attributes: String) -> String {
    """
    <opset_import: ["" : 17, "com.microsoft" : 1]> g (float[4,4] a, float[4,4] b, float[4] c) => (float[] y) {
      y = com.microsoft.FusedGemm <\(attributes)> (a, b, c)
    }
    """
  }

  private static func convolution(_ attributes: String, _ operands: String, operatorSet: Int = 17) -> String {
    """
    <opset_import: ["" : \(operatorSet), "com.microsoft" : 1]>
    g (float[2,3,5,4] x, float[6,3,1,1] w, float[6] b, float[2,6,5,4] z) => (float[] y) {
      y = com.microsoft.FusedConv <\(attributes)> (\(operands))
    }
    """
  }

  private static func skip(_ nodes: String, _ outputs: String) -> String {
    """
    <opset_import: ["" : 18, "com.microsoft" : 1]>
    g (float[2,3,8] x, float[2,3,8] s, float[8] w, float[8] b, float[8] c, float[8,8] p) => (\(outputs)) { \(nodes) }
    """
  }

  static let conditions = [
    // As TorchScript writes a Squeeze of an axis that may have another extent.
    """
    <opset_import: ["" : 13]> g (float[2,1,3] x) => (float[] y) <int64 axis = {1}, int64[1] axes = {1}, int64 one = {1}> {
      shape = Shape (x) extent = Gather (shape, axis) isOne = Equal (extent, one)
      z = If (isOne) <then_branch = t () => (float[] r) { r = Squeeze (x, axes) }, else_branch = e () => (float[] q) { q = Identity (x) }>
      y = Neg (z)
    }
    """,
    """
    <opset_import: ["" : 17]> g (float[3] x, bool c) => (float[3] y, float[3] same, float[3] weight) {
      a = Neg (x)
      y, same, weight = If (c) <
        then_branch = t () => (float[3] r, float[3] k, float[3] w) <float[3] w = {1, 2, 3}> { r = Mul (a, w) k = Identity (a) },
        else_branch = e () => (float[3] r, float[3] k, float[3] l) { r = Exp (x) k = Identity (a) l = Identity (x) }>
    }
    """,
    """
    <opset_import: ["" : 17]> g (float[3] x) => (float[3] y) <bool yes = {1}> {
      no = Not (yes)
      y = If (no) <
        then_branch = t () => (float[3] r) { r = Neg (x) },
        else_branch = e () => (float[3] r) {
          v = Add (x, x)
          r = If (yes) <then_branch = t2 () => (float[3] u) { u = Mul (v, v) }, else_branch = e2 () => (float[3] k) { k = Identity (v) }>
        }>
    }
    """,
    """
    <opset_import: ["" : 17]> g (float[3] x) => (float[3] y) {
      zero = Constant <value_float = 0.0> () sum = ReduceSum <keepdims = 0> (x) isLarge = Greater (sum, zero)
      y = If (isLarge) <then_branch = t () => (float[3] r) { r = Neg (x) }, else_branch = e () => (float[3] r) { r = Exp (x) }>
    }
    """,
  ]

  static let functions = [
    // The same function twice, with an attribute, with its default, and in another.
    """
    <opset_import: ["" : 17, "d" : 1]> g (float[3] x) => (float[3] y) {
      a = d.scaled <by: float = 3.0> (x) b = d.scaled (a) y = d.both (a, b)
    }
    <domain: "d", opset_import: ["" : 17]> scaled <by: float = 0.5> (x) => (y) {
      f = Constant <value_float: float = @by> () y = Mul (x, f)
    }
    <domain: "d", opset_import: ["" : 17, "d" : 1]> both (a, b) => (c) { a2 = d.scaled (a) f = Add (a2, b) c = Neg (f) }
    """,
    // A branch within a function, whose condition is an attribute of the call.
    """
    <opset_import: ["" : 17, "d" : 1]> g (float[3] x) => (float[3] y) {
      a = d.choose <first: int = 1> (x) r = d.choose <first: int = 0> (a) y = Add (a, r)
    }
    <domain: "d", opset_import: ["" : 17]> choose <first> (x) => (y) {
      i = Constant <value_int: int = @first> () c = Cast <to = 9> (i) a = Neg (x)
      y = If (c) <then_branch = t () => (float[3] r) { r = Exp (a) }, else_branch = e () => (float[3] r) { r = Mul (a, x) }>
    }
    """,
  ]

  static let loops = [
    // Carried values, a row per iteration, a value from around, and a trip count alone.
    """
    <opset_import: ["" : 17]> g (float[2,3] x, float[3] w) => (float[2,3] last, float[4,3] rows, int64 sum) <int64 count = {4}, int64 zero = {0}> {
      last, sum, rows = Loop (count, "", x, zero) <body = b (int64 i, bool c, float[2,3] s, int64 n) => (bool d, float[2,3] t, int64 m, float[3] r) <int64 first = {0}> {
        d = Identity (c) t = Mul (s, w) m = Add (n, i) r = Gather (t, first)
      }>
    }
    """,
    // A condition of its own that follows from what is carried.
    """
    <opset_import: ["" : 12]> g (float[3] x) => (float[3] y, float[3,1] rows) <int64 count = {9}, bool keep = {1}, int64 start = {1}, int64 limit = {8}> {
      n, y, rows = Loop (count, keep, start, x) <body = b (int64 i, bool c, int64 n, float[3] s) => (bool d, int64 m, float[3] t, float[1] r) {
        m = Add (n, n) d = Less (m, limit) t = Neg (s) z = Unsqueeze <axes = [0]> (m) r = Cast <to = 1> (z)
      }>
    }
    """,
    // No iteration at all.
    """
    <opset_import: ["" : 17]> g (float[3] x) => (float[3] y, float[0,3] rows) <int64 count = {0}, bool keep = {1}> {
      y, rows = Loop (count, keep, x) <body = b (int64 i, bool c, float[3] s) => (bool d, float[3] t, float[3] r) {
        d = Identity (c) t = Neg (s) r = Exp (s)
      }>
    }
    """,
  ]

  /// Elements of 16 bits stand in the text as their bits.
  static let narrowWeights = [
    """
    <opset_import: ["" : 17]> g (float[2,3] x) => (float[2,2] y) <float16[3,2] w = {15872, 49280, 11878, 31743, 1, 50944}> {
      wide = Cast <to = 1> (w) y = MatMul (x, wide)
    }
    """,
    """
    <opset_import: ["" : 17]> g (float[2,3] x) => (float[2,2] y) <bfloat16[3,2] w = {16320, 49168, 15821, 18304, 13184, 49376}> {
      wide = Cast <to = 1> (w) y = MatMul (x, wide)
    }
    """,
    """
    <opset_import: ["" : 17]> g (float[2,3] x) => (float[2,2] y) <float16[2,3] w = {15872, 49280, 11878, 31743, 1, 50944}> {
      turned = Transpose (w) wide = CastLike (turned, x) y = MatMul (x, wide)
    }
    """,
  ]

  private static let script = """
    import sys, numpy, onnx, onnx.parser, onnx.numpy_helper, onnxruntime
    folder = sys.argv[1]
    model = onnx.parser.parse_model(open(folder + "/model.txt").read())
    onnx.save(model, folder + "/model.onnx")
    session = onnxruntime.InferenceSession(folder + "/model.onnx")
    random = numpy.random.default_rng(1)
    feeds = {}
    for index, value in enumerate(session.get_inputs()):
        drawn = random.standard_normal(value.shape)
        feeds[value.name] = drawn.astype(numpy.float32) if "float" in value.type else numpy.array(drawn > 0)
        onnx.save_tensor(onnx.numpy_helper.from_array(feeds[value.name]), f"{folder}/input_{index}.pb")
    for index, result in enumerate(session.run(None, feeds)):
        onnx.save_tensor(onnx.numpy_helper.from_array(result), f"{folder}/output_{index}.pb")
    """

  @Test(
    .enabled(if: Python.hasONNX), arguments: runtimeOperators + conditions + functions + loops + narrowWeights
  )
  func `a node that stands for others gives what ONNX Runtime gives`(_ text: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(
      text.replacing("<opset_import", with: "<ir_version: 9, opset_import", maxReplacements: 1),
      to: "model.txt")
    #expect(try Python.run(Self.script, [folder.path]) == "")
    let model = try ONNXFile.read(folder.file("model.onnx"))
    var inputs: [String: Tensor] = [:]
    for (index, input) in model.graph.requiredInputs.enumerated() {
      inputs[input.name] = try TensorProtoFile.read(folder.file("input_\(index).pb")).tensor
    }
    let run = ModelRun(model, registry: .standard, context: .testing(threads: 1))
    let outputs = try run.outputs(for: inputs)
    #expect(outputs.count == model.graph.outputs.count)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(try TensorProtoFile.read(folder.file("output_\(index).pb")).tensor)
      #expect(output.shape == expected.shape)
      try expectClose(
        output.widened, expected.widened, .relativeToLargest(1e-6, reason: "rounding of float32"))
    }
  }

  /// Graphs with the place of some nodes open, what is written there and what stands for it, and values to differentiate by.
  private static let differentiable: [(graph: String, written: String, fused: String, values: [String])] = [
    (
      skip("m = MatMul (x, p) NODES q = Mul (n, z)", "float[2,3,8] q"),
      "biased = Add (m, c) z = Add (s, biased) n = LayerNormalization <epsilon = 1e-6> (z, w, b)",
      "n, \"\", \"\", z = com.microsoft.SkipLayerNormalization <epsilon = 1e-6> (s, m, w, b, c)",
      ["x", "s", "w", "b", "c", "p"]
    ),
    (
      product("NODES"),
      "t = Transpose <perm = [0, 2, 1]> (s) m = MatMul (x, t) a = Constant <value_float = 0.5> () y = Mul (m, a)",
      "y = com.microsoft.FusedMatMul <alpha = 0.5, transB = 1> (x, s)", ["x", "s"]
    ),
    (
      convolution("strides = [1, 1]", "x, w, b").replacing("y = com", with: "NODES u = com"),
      "c = Conv (x, w, b) a = Add (c, z) y = Relu (a)",
      "y = com.microsoft.FusedConv <activation = \"Relu\"> (x, w, b, z)", ["x", "w", "b", "z"]
    ),
    (
      gemm("activation = \"Relu\"").replacing("y = com", with: "NODES u = com"),
      "g = Gemm <alpha = 0.5, transB = 1> (a, b, c) y = Sigmoid (g)",
      "y = com.microsoft.FusedGemm <alpha = 0.5, transB = 1, activation = \"Sigmoid\"> (a, b, c)",
      ["a", "b", "c"]
    ),
    (
      plain("NODES", operatorSet: 20), "u = Add (x, w) y = Gelu <approximate = \"tanh\"> (u)",
      "y = com.microsoft.FastGelu (x, w)", ["x", "w"]
    ),
    (
      plain("NODES"), "a = Constant <value_float = 1.702> () u = Mul (x, a) g = Sigmoid (u) y = Mul (x, g)",
      "y = com.microsoft.QuickGelu (x)", ["x"]
    ),
  ]

  @Test(arguments: differentiable.indices)
  func `gradients go through a node that stands for others as through these`(_ index: Int) throws {
    let (graph, written, fused, values) = Self.differentiable[index]
    let gradients = try [written, fused].map { nodes in
      let model = try ModelDescription(
        text: graph.replacing("NODES", with: nodes).replacing("<opset", with: "<ir_version: 9, opset"))
      var inputs: [String: Tensor] = [:]
      for (index, input) in model.graph.requiredInputs.enumerated() {
        guard case .tensor(_, let dimensions?)? = input.type?.kind else { continue }
        let extents = dimensions.compactMap {
          if case .value(let extent) = $0.extent { Int(extent) } else { nil }
        }
        let shape = Shape(extents)
        inputs[input.name] = try Tensor(
          (0..<shape.elementCount).map { Float(($0 * 37 + index * 11) % 23 - 11) / 11 }, shape: shape)
      }
      return try ModelRun(model, registry: .standard, context: .testing(threads: 1))
        .gradients(for: inputs, by: values)
    }
    #expect(zip(gradients[0], gradients[1]).allSatisfy { $0.isIdentical(to: $1) })
    #expect(gradients[0].allSatisfy { $0.widened.contains { $0 != 0 } })
  }

  @Test(arguments: [false, true])
  func `Gelu by a hyperbolic tangent below operator set 20 becomes one operator again`(_ isBiased: Bool)
    throws
  {
    let model = try ModelDescription(
      text: Self.plain("y = com.microsoft.FastGelu (x\(isBiased ? ", w" : ""))")
        .replacing("<opset", with: "<ir_version: 9, opset"))
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    let types = try compiled.graph(batch: 2).nodes.map(\.type)
    #expect(types == (isBiased ? ["Add", "Gelu"] : ["Gelu"]))
  }

  @Test(arguments: [
    (product("y = com.microsoft.FusedMatMul <transBatchA = 1> (x, s)"), "'transBatchA' is 1"),
    (convolution("activation = \"Elu\"", "x, w"), "'activation' is 'Elu', known: Clip, HardSigmoid"),
    (convolution("activation = \"Clip\"", "x, w"), "'Clip' has 0 parameters, expected 2"),
    (
      plain("y, r = SimplifiedLayerNormalization (x, w)"), "second result"
    ),
  ])
  func `what ONNX Runtime's operators may say and is not implemented is refused by name`(
    _ text: String, _ reason: String
  ) throws {
    let model = try ModelDescription(text: text.replacing("<opset", with: "<ir_version: 9, opset"))
    let error = #expect(throws: LoweringError.self) {
      try Lowering(registry: .standard, context: .testing(threads: 1)).lower(model)
    }
    #expect(
      error.map { ([$0.message] + $0.unsupported).joined() }?.contains(reason) == true,
      "\(String(describing: error))")
  }

  @Test func `a loop without end is refused by name`() throws {
    let text = """
      <ir_version: 9, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) <bool keep = {1}> {
        y = Loop ("", keep, x) <body = b (int64 i, bool c, float[3] s) => (bool d, float[3] t) { d = Identity (c) t = Neg (s) }>
      }
      """
    let run = ModelRun(
      try ModelDescription(text: text), registry: .standard, context: .testing(threads: 1))
    let error = #expect(throws: LoweringError.self) {
      try run.outputs(for: ["x": try Tensor([Float(1), 2, 3])])
    }
    #expect(error?.unsupported.first?.contains("runs more than 1024 times") == true)
  }

  @Test func `every operator that stands for others has a model`() {
    let models =
      Self.runtimeOperators + Self.conditions + Self.loops + OperatorGradientTests.goldens.map(\.model)
    let words = Set(models.flatMap { $0.split { !$0.isLetter && !$0.isNumber }.map(String.init) })
    for schema in OperatorRegistry.standard.expandableSchemas {
      #expect(words.contains(schema.name.type), "add a model for \(schema.name)")
    }
  }

  @Test func `there is no gradient by an input whose value decides a branch`() throws {
    let text = Self.conditions[3].replacing("<opset", with: "<ir_version: 9, opset")
    let run = ModelRun(
      try ModelDescription(text: text), registry: .standard, context: .testing(threads: 1))
    let error = #expect(throws: ExecutionError.self) {
      try run.gradients(for: ["x": try Tensor([Float(1), 2, 3])], by: ["x"])
    }
    #expect(error?.message.contains("decides shapes or which nodes are computed") == true)
  }
}
