import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

@Suite(.serialized) struct BadModelTests {
  /// Verbs that read a model, with what else they need.
  static let verbs = [
    ["inspect"], ["inject", "-o", "out.onnx"], ["verify"], ["bench"], ["evaluate", "--data", "images"],
    ["train", "--data", "images", "-o", "run"], ["run", "--output-dir", "out"],
  ]

  private func run(_ verb: [String], _ model: String, in folder: TemporaryFolder) throws -> ToolResult {
    try ToolProcess.run([verb[0], model] + verb.dropFirst(), in: folder)
  }

  @Test(arguments: verbs) func `a missing model ends with 66`(_ verb: [String]) throws {
    let folder = try TemporaryFolder()
    let result = try run(verb, "nothing.onnx", in: folder)
    #expect(result.code == 66, "\(result.errors)")
    #expect(result.errors.contains("nothing.onnx"))
  }

  @Test(arguments: verbs) func `a truncated, garbled or empty model ends with 65`(_ verb: [String]) throws {
    let folder = try TemporaryFolder()
    let whole = [UInt8](try Data(contentsOf: URL(filePath: Scenario.transformer)))
    try folder.write(Array(whole.prefix(whole.count / 2)), to: "half.onnx")
    try folder.write([UInt8](repeating: 0xA5, count: 5000), to: "garbage.onnx")
    try folder.write([], to: "empty.onnx")
    for model in ["half.onnx", "garbage.onnx", "empty.onnx"] {
      let result = try run(verb, model, in: folder)
      #expect(result.code == 65, "\(model): \(result.errors)")
      #expect(result.errors.contains(model), "\(result.errors)")
    }
  }

  @Test func `flipped bytes never end the tool with a signal`() throws {
    let folder = try TemporaryFolder()
    let whole = [UInt8](try Data(contentsOf: URL(filePath: Scenario.transformer)))
    for step in 0..<40 {
      var bytes = whole
      // Mostly the nodes and names at the file's start, some of the weights behind them.
      bytes[(step * 977 + 13) % (step % 4 == 0 ? bytes.count : 20_000)] ^= UInt8(1 << (step % 8))
      try folder.write(bytes, to: "flipped.onnx")
      let result = try ToolProcess.run(["inspect", "flipped.onnx"], in: folder)
      #expect([0, 3, 65, 66].contains(result.code), "step \(step): \(result.code) \(result.errors)")
    }
  }

  private func write(_ text: String, to name: String, in folder: TemporaryFolder) throws {
    try ONNXFile.write(try ModelDescription(text: text), to: folder.file(name))
  }

  private func runs(_ model: String, in folder: TemporaryFolder) throws -> ToolResult {
    let input = Scenario.fixture("gradients/both-float32/input.npy")
    return try ToolProcess.run(["run", model, "--input", input, "--output-dir", "out"], in: folder)
  }

  @Test func `unknown operators end with 3, all of them named at once`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17, "com.x" : 1]>
      g (float[2,3,12,16] x) => (float[2,3,12,16] z)
      { a = com.x.Strange (x)  b = NoSuch (a)  c = Relu (b)  z = com.x.Other (c) }
      """, to: "m.onnx", in: folder)
    let result = try runs("m.onnx", in: folder)
    #expect(result.code == 3, "\(result.errors)")
    let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("UNSUPPORTED ") }
    #expect(lines.count == 3, "\(result.errors)")
    let inspected = try ToolProcess.run(["inspect", "m.onnx"], in: folder)
    #expect(inspected.code == 0, "\(inspected.errors)")
    let named = inspected.output.split(separator: "\n").filter { $0.hasPrefix("unsupported ") }
    #expect(named.count == 3, "\(inspected.output)")
    for name in ["Strange", "NoSuch", "Other"] {
      #expect(lines.contains { $0.contains(name) }, "\(name)")
      #expect(named.contains { $0.contains(name) }, "\(name)")
    }
  }

  @Test func `a shape that does not fit ends with 65 and the node's name`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[2,3,12,16] x) => (float[2,3,12,17] z) <float[17,5] w = {}> { [bad] z = MatMul (x, w) }
      """.replacing("{}", with: "{" + [String](repeating: "1", count: 85).joined(separator: ",") + "}"),
      to: "m.onnx", in: folder)
    let result = try runs("m.onnx", in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("bad"))
  }

  @Test func `an input of another shape ends with 65 and the input's name`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[1,3] pixels) => (float[1,3] z) { z = Relu (pixels) }
      """, to: "m.onnx", in: folder)
    let result = try runs("m.onnx", in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("pixels"))
  }

  @Test func `a cycle ends with 65`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[2,3,12,16] x) => (float[2,3,12,16] z) { a = Add (x, b)  b = Relu (a)  z = Relu (b) }
      """, to: "m.onnx", in: folder)
    let result = try runs("m.onnx", in: folder)
    #expect(result.code == 65, "\(result.errors)")
    #expect(result.errors.contains("cycle"))
  }

  @Test func `functions that never return, or stand for too many nodes, are problems`() throws {
    let folder = try TemporaryFolder()
    func function(_ name: String, _ body: String) -> String {
      #"<domain: "d", opset_import: ["" : 17, "d" : 1]> \#(name) (x) => (y) { \#(body) }"#
    }
    let graph =
      #"<ir_version: 8, opset_import: ["" : 17, "d" : 1]> g (float[2] x) => (float[2] y) { y = d.f0 (x) }"#
    try write(
      graph + function("f0", "y = d.f1 (x)") + function("f1", "y = d.f0 (x)"), to: "recursive.onnx",
      in: folder)
    let doubling = (0..<64).map { function("f\($0)", "z = d.f\($0 + 1) (x) y = d.f\($0 + 1) (z)") }
    try write(
      graph + doubling.joined() + function("f64", "y = Relu (x)"), to: "doubling.onnx", in: folder)
    for (model, text) in [
      ("recursive", "function 'd.f0' calls itself: 'd.f0' → 'd.f1' → 'd.f0'"),
      ("doubling", "stands for more than 1000000 nodes"),
    ] {
      let result = try ToolProcess.run(["verify", "\(model).onnx"], in: folder)
      #expect(result.code == 65, "\(model): \(result.code) \(result.errors)")
      #expect(result.output.contains(text), "\(result.output)")
    }
  }

  @Test func `nodes of one name are a problem that names them`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[2] x) => (float[2] y) { [same] a = Relu (x) [other] b = Relu (a) [same] y = Relu (b) }
      """, to: "m.onnx", in: folder)
    let result = try ToolProcess.run(["verify", "m.onnx", "--json"], in: folder)
    #expect(result.code == 65, "\(result.errors)")
    let problems = try result.json()["problems"]?.array ?? []
    #expect(problems.map { $0.object?["node"]?.string } == ["same"], "\(result.output)")
  }

  @Test func `inject warns of nodes of one name`() throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(Scenario.transformer)
    for index in model.graph.nodes.indices.prefix(2) { model.graph.nodes[index].name = "same" }
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    let result = try ToolProcess.run(["inject", "m.onnx", "-o", "out.onnx"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("several nodes are named 'same'"), "\(result.errors)")
  }

  @Test func `names that are canonically equal are two, and are shown as they are`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[2,3,12,16] x) => (float[2,3,12,16] "\u{E9}") { "e\u{301}" = Relu (x) "\u{E9}" = Relu ("e\u{301}") }
      """, to: "m.onnx", in: folder)
    let result = try ToolProcess.run(["verify", "m.onnx"], in: folder)
    #expect(result.code == 0, "\(result.output)\(result.errors)")
    let input = Scenario.fixture("gradients/both-float32/input.npy")
    let gradients = try ToolProcess.run(
      ["gradients", "m.onnx", "--input", input, "--wrt", "e\u{301}", "--output-dir", "out"], in: folder)
    #expect(gradients.code == 0, "\(gradients.errors)")
    #expect(folder.exists("out/e\u{301}.pb"))
  }

  @Test func `numbers that overflow in a file end with 65 or 3`() throws {
    let folder = try TemporaryFolder()
    for (index, body) in [
      "s = Constant <value_ints = [9223372036854775807, 9223372036854775807]> ()  z = Reshape (x, s)",
      "s = Constant <value_ints = [9223372036854775807]> ()  z = ConstantOfShape (s)",
      "z = Transpose <perm = [9, -9223372036854775807, 3, 4]> (x)",
      "z = Concat <axis = 9223372036854775807> (x, x)",
      "z = AveragePool <kernel_shape = [0, 0], strides = [0, 0]> (x)",
      "s = Constant <value_ints = [-9223372036854775808]> () e = Constant <value_ints = [9223372036854775807]> () "
        + "t = Constant <value_ints = [0]> () z = Slice (x, s, e, t, s)",
      "z = Split <axis = 0, num_outputs = 9223372036854775807> (x)",
      "s = Constant <value_ints = [9223372036854775807, 1, 1, 1]> ()  z = Tile (x, s)",
      "s = Constant <value_ints = [9223372036854775807, 0, 0, 0, 9223372036854775807, 0, 0, 0]> ()  z = Pad (x, s)",
      "s = Constant <value_ints = [9223372036854775807, 1, 1, 1]> ()  z = Expand (x, s)",
      "a = Constant <value_int = 0> () b = Constant <value_int = 9223372036854775807> () c = Constant <value_int = 1> () "
        + "z = Range (a, b, c)",
    ].enumerated() {
      try write(
        "<ir_version: 8, opset_import: [\"\" : 18]> g (float[2,3,12,16] x) => (float z) { \(body) }",
        to: "m\(index).onnx", in: folder)
      let result = try runs("m\(index).onnx", in: folder)
      #expect([1, 3, 65].contains(result.code), "\(body): \(result.code) \(result.errors)")
    }
  }

  @Test func `external weights that lead out of the folder, or are missing, are refused`() throws {
    let folder = try TemporaryFolder()
    func model(_ location: String) -> [UInt8] {
      func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(content.count)] + content
      }
      let entry = field(13, field(1, Array("location".utf8)) + field(2, Array(location.utf8)))
      let tensor = [8, 4, 16, 1] + field(8, Array("w".utf8)) + entry + [112, 1]
      return [8, 8] + field(7, field(2, [103]) + field(5, tensor))
    }
    try folder.write([UInt8](repeating: 0, count: 16), to: "secret")
    try folder.write(model("../secret"), to: "inner/outside.onnx")
    try folder.write(model("nothing.bin"), to: "inner/missing.onnx")
    let outside = try ToolProcess.run(["inspect", "inner/outside.onnx", "--json"], in: folder)
    #expect(outside.code == 65)
    #expect(outside.errors.contains("leads out of the model's folder"))
    #expect(try outside.json()["error"]?.object?["tensor"]?.string == "w")
    // Named though the message holds its letter: in "weights".
    try folder.write(model("../weights"), to: "inner/outside.onnx")
    let named = try ToolProcess.run(["inspect", "inner/outside.onnx"], in: folder)
    #expect(named.errors.contains("tensor 'w': external data location '../weights'"), "\(named.errors)")
    let missing = try ToolProcess.run(["inspect", "inner/missing.onnx"], in: folder)
    #expect(missing.code == 66)
    #expect(missing.errors.contains("nothing.bin"))
  }

  @Test func `an input of another shape or name is refused by name`() throws {
    let folder = try TemporaryFolder()
    let model = Scenario.fixture("gradients/both-float32/model.onnx")
    let logits = Scenario.fixture("gradients/both-float32/logits.npy")
    let shape = try ToolProcess.run(["run", model, "--input", logits, "--output-dir", "out"], in: folder)
    #expect(shape.code == 65)
    #expect(shape.errors.contains("input 'input': expects shape [batch,3,12,16], given ["), "\(shape.errors)")
    let name = try ToolProcess.run(["run", model, "--output-dir", "out"], in: folder)
    #expect(name.code == 65)
    #expect(name.errors.contains("no value is given for 'input'"), "\(name.errors)")
    #expect(!folder.exists("out"))
  }

  @Test func `an unknown family says why each known one did not match`() throws {
    let folder = try TemporaryFolder()
    let model = Scenario.fixture("backbones/mlp.ts17.dynamic.onnx")
    let object = try ToolProcess.object(["inspect", model], in: folder)
    #expect(object["family"] == .null)
    #expect(object["mismatches"]?.object?.members.isEmpty == false)
    let injected = try ToolProcess.run(["inject", model, "-o", "out.onnx"], in: folder)
    #expect([3, 65].contains(injected.code), "\(injected.code) \(injected.errors)")
    #expect(!folder.exists("out.onnx"))
  }

  @Test func `a file that an optimiser rewrote is refused by the optimiser's name`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17, "com.microsoft.nchwc" : 1]>
      g (float[1,8,4,4] x) => (float[1,8,4,4] y) { y = com.microsoft.nchwc.ReorderOutput (x) }
      """, to: "m.onnx", in: folder)
    let result = try ToolProcess.run(["inject", "m.onnx", "-o", "out.onnx"], in: folder)
    #expect(result.code == 3, "\(result.code) \(result.errors)")
    #expect(result.errors.contains("ONNX Runtime"), "\(result.errors)")
  }

  @Test(arguments: [
    ["train"], ["nonsense"], ["inject", "m.onnx"],
    ["train", "m.onnx", "--data", "d", "-o", "r", "--epochs", "0"],
    ["inject", "m.onnx", "-o", "o.onnx", "--kernels", "4,5"], ["bench", "m.onnx", "--batch", "many"],
  ])
  func `a command line that is wrong ends with 64`(_ words: [String]) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Scenario.transformer, toPath: folder.file("m.onnx"))
    let result = try ToolProcess.run(words, in: folder)
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.output == "")
  }

  @Test func `an operator set that does not exist yet is a warning, one that never will be an error`() throws
  {
    let folder = try TemporaryFolder()
    for (version, code) in [(28, 0), (29, 0), (9999, 65)] {
      try write(
        "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[2] y) { y = Relu (x) }",
        to: "m.onnx",
        in: folder)
      var model = try ONNXFile.read(folder.file("m.onnx"))
      model.operatorSets[0].version = Int64(version)
      try ONNXFile.write(model, to: folder.file("m.onnx"))
      let result = try ToolProcess.run(["inspect", "m.onnx"], in: folder)
      #expect(result.code == Int32(code), "\(result.errors)")
      #expect(result.errors.contains("the newest known is 28") == (version == 29), "\(result.errors)")
    }
  }

  @Test func `extents that contradict what is found are a warning of inspect too`() throws {
    let folder = try TemporaryFolder()
    try write(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[3] y) { y = Relu (x) }",
      to: "m.onnx",
      in: folder)
    let result = try ToolProcess.run(["inspect", "m.onnx"], in: folder)
    #expect(result.code == 0 && result.errors.contains("'y' is declared [3], found [2]"), "\(result.errors)")
  }

  @Test func `verify does not refuse a shape that what is fed decides`() throws {
    let folder = try TemporaryFolder()
    try write(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (int64[1] s) => (float[N] y) { y = ConstantOfShape (s) }
      """, to: "m.onnx", in: folder)
    let result = try ToolProcess.run(["verify", "m.onnx"], in: folder)
    #expect(result.code == 0, "\(result.output)\(result.errors)")
    #expect((result.output + result.errors).contains("what is fed decides its shape"))
  }
}
