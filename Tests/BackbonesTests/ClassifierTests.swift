import Backbones
import Graphs
import Operators
import TestSupport
import Testing

@Suite struct ClassifierTests {
  /// A network x → v [N, 4] → z [N, 5] of two linear layers, and what a test lets follow.
  static func network(
    outputs: String, _ tail: String = "", metadata: String = "", width: Int = 5
  ) throws -> ModelDescription {
    let embedding = (0..<48).map { "\(Double($0 % 7) / 7)" }.joined(separator: ", ")
    let weight = (0..<4 * width).map { "\(Double($0 % 5) / 5)" }.joined(separator: ", ")
    let bias = (0..<width).map { "\($0)" }.joined(separator: ", ")
    return try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17, "com.example" : 1], metadata_props: [\(metadata)]>
        g (float[N,3,2,2] x) => (\(outputs))
        <float[12,4] e = {\(embedding)}, float[4,\(width)] w = {\(weight)}, float[\(width)] b = {\(bias)},
         float two = {2.0}, float[1] small = {0.00001}> {
          f = Flatten (x)
          v = MatMul (f, e)
          r = Relu (v)
          z = Gemm (r, w, b)
          \(tail)
        }
        """)
  }

  static func layout(_ model: ModelDescription) throws -> BackboneLayout {
    try BackboneRegistry.standard.recognize(model, lowering: .portable).layoutOfHead()
  }

  @Test(arguments: [
    ("y = Identity (z)", true), ("y = Mul (z, two)", true), ("y = Div (z, two)", true),
    ("y = Softmax (z)", false), ("y = LogSoftmax (z)", false), ("y = Sigmoid (z)", false),
    ("n = ReduceL2 <axes = [1]> (z) c = Clip (n, small) y = Div (z, c)", false),
    ("q = Mul (z, z) s = ReduceSum <keepdims = 1> (q) n = Sqrt (s) y = Div (z, n)", false),
    (
      "m = ReduceMax <axes = [1]> (z) d = Sub (z, m) p = Exp (d) s = ReduceSum <keepdims = 1> (p) y = Div (p, s)",
      false
    ),
  ])
  func `the classifier is the linear layer behind what follows it`(_ tail: String, _ isLogits: Bool) throws {
    let layout = try Self.layout(try Self.network(outputs: "float[N,5] y", tail))
    let head = try #require(layout.head)
    #expect(head.layers.map(\.product) == ["z"])
    #expect(head.classes == 5)
    #expect(head.deliversLogits == isLogits)
    #expect(layout.headInput == .vector("r", features: 4))
  }

  @Test func `one logit squeezed to a list is a classifier`() throws {
    let model = try Self.network(
      outputs: "float[N] y", "a = Constant <value_ints = [1]> () y = Squeeze (z, a)", width: 1)
    let layout = try Self.layout(model)
    #expect(layout.head?.classes == 1)
    #expect(layout.headInput == .vector("r", features: 4))
  }

  @Test(arguments: [
    ("float[N,4] r, float[N,5] z", "", "z"), ("float[N,4] v, float[N,5] z", "", "z"),
    ("float[N,5] z, float[N,5] p", "p = Softmax (z)", "z"),
    ("float[N,5] p, float[N,5] z", "p = Softmax (z)", "z"),
    ("int64[N] label, float[N,5] p", "label = com.example.Pick (z) p = Softmax (z)", "p"),
  ])
  func `of several outputs the classifier's is found wherever it stands`(
    _ outputs: String, _ tail: String, _ expected: String
  ) throws {
    let model = try Self.network(outputs: outputs, tail)
    #expect(try Self.layout(model).output == expected)
    #expect(try Self.layout(model).rivals.isEmpty)
    #expect(try ScoreOutput.find(in: model, lowering: .portable)?.name == expected)
  }

  @Test func `two classifiers side by side are refused by name, unless the metadata name one`() throws {
    let tail = "y = Gemm (r, w, b)"
    let model = try Self.network(outputs: "float[N,5] z, float[N,5] y", tail)
    #expect(try Self.layout(model).rivals == ["y"])
    let error = #expect(throws: BackboneError.self) {
      try ScoreOutput.find(in: model, lowering: .portable)
    }
    #expect(error?.message == "each of the outputs 'z', 'y' could be the scores of the classes")
    let named = try Self.network(
      outputs: "float[N,5] z, float[N,5] y", tail, metadata: #""dka.output": "y""#)
    #expect(try Self.layout(named).rivals.isEmpty)
    #expect(try Self.layout(named).output == "y")
    #expect(try ScoreOutput.find(in: named, lowering: .portable)?.name == "y")
  }

  @Test func `without a classifier the only matrix of numbers holds the scores`() throws {
    let outputs = "float[N,4] q, float[N,3,2,2] map, int64[1] shape"
    let model = try Self.network(
      outputs: outputs, "q = Relu (v) map = Relu (x) shape = Shape <start = 0, end = 1> (x)")
    #expect(try ScoreOutput.find(in: model, lowering: .portable)?.name == "q")
  }

  @Test(arguments: [
    ("y = Identity (z)", ScoreOutput.Kind.logits, "y"), ("y = Mul (z, two)", .logits, "y"),
    ("y = Softmax (z)", .probabilities, "z"), ("y = LogSoftmax (z)", .logProbabilities, "z"),
    ("y = Sigmoid (z)", .independentProbabilities, "z"),
    ("p = Softmax (z) y = Identity (p)", .probabilities, "z"),
    ("p = Softmax (z) y = Log (p)", .logProbabilities, "z"),
    ("p = Exp (z) s = ReduceSum <keepdims = 1> (p) y = Div (p, s)", .probabilities, "z"),
  ])
  func `the nodes in front of the output tell what its numbers are`(
    _ tail: String, _ kind: ScoreOutput.Kind, _ logits: String
  ) throws {
    let scores = ScoreOutput("y", in: try Self.network(outputs: "float[N,5] y", tail).graph)
    #expect(scores.kind == kind)
    #expect(scores.logits == logits)
  }

  @Test(arguments: [
    ("c = Conv (q, k) y = Flatten (c)", HeadInput.meanOfMap("q", features: 3)),
    ("c = Conv (q, k) d = Flatten (c) y = Softmax (d)", .meanOfMap("q", features: 3)),
    ("c = Conv (q, k) y = Conv (c, l)", .meanOfMap("y", features: 2)),
  ])
  func `a convolution of one pixel is a linear layer, and features may be a map`(
    _ tail: String, _ expected: HeadInput
  ) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N,3,2,2] x) => (float[] y)
        <float[5,3,1,1] k = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
         float[2,5,1,1] l = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}> {
          q = GlobalAveragePool (x)
          \(tail)
        }
        """)
    #expect(try Self.layout(model).headInput == expected)
  }

  @Test func `probabilities of a classifier of another kind are no features`() throws {
    let model = try Self.network(
      outputs: "float[N,4] y", "s = Relu (v) t = Mul (s, s) y = Softmax (t)")
    #expect(try Self.layout(model).headInput == nil)
  }
}
