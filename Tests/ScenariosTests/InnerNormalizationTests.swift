import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct InnerNormalizationTests {
  /// The small transformer with (x − mean) / deviation in front, as `model.onnx`.
  private func writeNormalizing(_ mean: Float, _ deviation: Float, in folder: TemporaryFolder) throws {
    var model = try ONNXFile.read(Scenario.transformer)
    for (name, value) in [("mean", mean), ("deviation", deviation)] {
      model.graph.initializers.append(
        TensorConstant(name: name, try Tensor([value], shape: Shape([1]))))
    }
    model.graph.nodes[0].inputs[0] = "normalized"
    model.graph.nodes.insert(Node("Sub", inputs: ["input", "mean"], outputs: ["shifted"]), at: 0)
    model.graph.nodes.insert(Node("Div", inputs: ["shifted", "deviation"], outputs: ["normalized"]), at: 1)
    try ONNXFile.write(model, to: folder.file("model.onnx"))
  }

  private func preprocessing(_ folder: TemporaryFolder) throws -> JSONValue {
    try #require(try ToolProcess.object(["inspect", "model.onnx"], in: folder)["preprocessing"])
  }

  private func predict(_ words: [String], in folder: TemporaryFolder) throws -> ToolResult {
    let image = FixtureFiles.path("preprocessing/portrait.png")
    return try ToolProcess.run(["predict", "model.onnx", image] + words, in: folder)
  }

  private static let constants: [(Float, Float, Double)] = [
    (0.5, 0.5, 1.0 / 255), (0, 255, 1), (127.5, 127.5, 1), (123.7, 1, 1), (0.45, 0.225, 1.0 / 255),
  ]

  @Test(arguments: constants)
  func `the constants in the graph decide which pixels are fed`(
    mean: Float, deviation: Float, rescale: Double
  )
    throws
  {
    let folder = try TemporaryFolder()
    try writeNormalizing(mean, deviation, in: folder)
    let found = try preprocessing(folder)
    #expect(found["rescale"]?.number == rescale)
    #expect(found["mean"] == [0.0, 0.0, 0.0] && found["std"] == [1.0, 1.0, 1.0])
    let range = rescale == 1 ? "0 … 255" : "0 … 1"
    #expect(found["source"]?.string?.hasSuffix("takes pixels of \(range)") == true)
  }

  @Test(arguments: [
    // x − 127.5 and x / 255 − ½ behind bounds, by stored statistics, and in front of padding.
    "b = Sub (image, middle) n = Div (b, middle)",
    "c = Clip (image, zero, most) n = Div (c, most)",
    "n = BatchNormalization <epsilon = 0.0> (image, ones, zeros, means, variances)",
    "b = Div (image, most) n = Pad (b, pads)",
  ])
  func `pixels of 0 … 255 are told from the constants of any network`(_ front: String) throws {
    let folder = try TemporaryFolder()
    let weights = [String](repeating: "0.1", count: 54).joined(separator: ", ")
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N,3,8,8] image) => (float[N,2] scores)
        <float[1] middle = {127.5}, float zero = {0}, float most = {255}, float[3] ones = {1, 1, 1},
         float[3] zeros = {0, 0, 0}, float[3] means = {123.7, 116.3, 103.5}, float[3] variances = {3410, 3263, 3292},
         int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float[2,3,3,3] kernel = {\(weights)}> {
          \(front)
          m = Conv (n, kernel)
          scores = ReduceMean <axes = [2, 3], keepdims = 0> (m)
        }
        """)
    try ONNXFile.write(model, to: folder.file("model.onnx"))
    let found = try preprocessing(folder)
    #expect(found["rescale"]?.number == 1)
    #expect(found["source"]?.string?.hasSuffix("takes pixels of 0 … 255") == true)
  }

  @Test func `what inject writes is fed as the original is`() throws {
    let folder = try TemporaryFolder()
    try writeNormalizing(127.5, 127.5, in: folder)
    let before = try preprocessing(folder)
    let result = try ToolProcess.run(
      ["inject", "model.onnx", "-o", "adapted.onnx", "--dim", "4", "--kernels", "3,none"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(try ToolProcess.object(["inspect", "adapted.onnx"], in: folder)["preprocessing"] == before)
  }

  @Test func `networks that differ in the range of their pixels alone predict the same`() throws {
    let folder = try TemporaryFolder()
    var first: [Double] = []
    for value: Float in [0.5, 127.5] {
      try writeNormalizing(value, value, in: folder)
      let result = try predict(["--json"], in: folder).json()["predictions"]?.array?.first?["probabilities"]
      let probabilities = try #require(result?.array).compactMap(\.number)
      // Two roundings of a Float more or less in front of a network.
      if !first.isEmpty { #expect(zip(first, probabilities).allSatisfy { abs($0 - $1) < 1e-5 }) }
      first = probabilities
    }
  }

  @Test(arguments: [
    (Float(0.5), ["--mean", "123.675,116.28,103.53", "--std", "58"], "divide --mean and --std by 255"),
    (127.5, ["--mean", "0.5", "--std", "0.5"], "multiply --mean and --std by 255"),
    (0.5, ["--std", "58.4,57.1,57.4"], "divide --mean and --std by 255"),
    (0.5, ["--mean", "0", "--std", "255"], "divide --mean and --std by 255"),
    (127.5, ["--std", "0.225"], "multiply --mean and --std by 255"),
  ])
  func `a mean or deviation of the other range is refused with both readings`(
    inner: Float, words: [String], hint: String
  )
    throws
  {
    let folder = try TemporaryFolder()
    try writeNormalizing(inner, inner, in: folder)
    let result = try predict(words, in: folder)
    #expect(result.code == 64, "\(result.errors)")
    for text in ["0 … 1", "0 … 255", hint] { #expect(result.errors.contains(text), "\(result.errors)") }
  }

  @Test(arguments: [
    (#""do_normalize": true"#, 0.4, "normalised twice" as String?), (#""do_normalize": false"#, 0.0, nil),
    (#""resample": 2"#, 0.0, "not applied"),
  ])
  func `a side file normalises as well only if it says so, with a warning`(
    field: String, mean: Double, warning: String?
  ) throws {
    let folder = try TemporaryFolder()
    try writeNormalizing(0.5, 0.5, in: folder)
    try folder.write(
      "{\"image_mean\": 0.4, \"image_std\": 0.2, \"size\": 32, \(field)}", to: "preprocessor_config.json")
    let found = try preprocessing(folder)
    #expect(found["mean"]?.array?.first?.number == mean)
    let warnings = (found["warnings"]?.array ?? []).compactMap(\.string)
    #expect(warnings.count == (warning == nil ? 0 : 1))
    if let warning {
      let found = try #require(warnings.first)
      #expect(found.contains(warning) && found.contains("preprocessor_config.json"))
      #expect(try predict([], in: folder).errors.contains(warning))
    }
  }
}
