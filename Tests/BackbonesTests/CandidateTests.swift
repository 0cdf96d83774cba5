import Backbones
import Graphs
import Operators
import ONNXFormat
import TestSupport
import Testing

@Suite struct CandidateTests {
  /// Two residual blocks; the second one halves the map, with a convolution in its shortcut.
  static func network(_ tail: String) throws -> ModelDescription {
    func kernel(_ name: String, _ extents: [Int]) -> String {
      let values = [String](repeating: "0.1", count: extents.reduce(1, *)).joined(separator: ", ")
      return "float[\(extents.map(String.init).joined(separator: ","))] \(name) = {\(values)}"
    }
    return try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N,3,8,8] x) => (float[N,4,H,W] y)
        <\(kernel("k0", [2, 3, 3, 3])), \(kernel("k1", [2, 2, 3, 3])), \(kernel("k2", [4, 2, 3, 3])),
         \(kernel("k3", [4, 2, 1, 1]))> {
          c0 = Conv <pads = [1, 1, 1, 1]> (x, k0)
          c1 = Conv <pads = [1, 1, 1, 1]> (c0, k1)
          s1 = Add (c1, c0)
          a1 = Relu (s1)
          c2 = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (a1, k2)
          c3 = Conv <strides = [2, 2]> (a1, k3)
          s2 = Add (c2, c3)
          \(tail)
        }
        """)
  }

  private func candidates(_ tail: String) throws -> [String] {
    try BackboneRegistry.standard.recognize(try Self.network(tail), lowering: .portable).candidates
  }

  @Test func `candidates are the values behind the activation, also where the shortcut has weights`() throws {
    #expect(try candidates("y = Relu (s2)") == ["a1", "y"])
  }

  @Test(arguments: [
    "t = Sigmoid (s2) y = Mul (t, s2)",
    "d = Div (s2, root) e = Erf (d) f = Add (e, one) m = Mul (s2, f) y = Mul (m, half)",
    "h = Mul (s2, half) d = Div (s2, root) e = Erf (d) f = Add (one, e) y = Mul (h, f)",
  ])
  func `an activation in several nodes is looked through to its result`(_ tail: String) throws {
    let constants =
      "root = Constant <value_float = 1.4142135> () one = Constant <value_float = 1.0> () "
      + "half = Constant <value_float = 0.5> () "
    #expect(try candidates(constants + tail) == ["a1", "y"])
  }

  @Test func `a sum that something else reads too is itself the candidate`() throws {
    #expect(try candidates("a2 = Relu (s2) g = GlobalAveragePool (s2) y = Mul (a2, g)") == ["a1", "s2"])
  }

  static let cifar = [SharedData.path("weights/resnet20_cifar10.onnx")]

  @Test(.enabled(if: SharedData.isPresent), arguments: cifar)
  func `ResNet-20 has a candidate behind each of its nine blocks`(_ path: String) throws {
    let recognition = try BackboneRegistry.standard.recognize(
      try ONNXFile.read(path), lowering: .portable)
    let blocks = (1...3).flatMap { stage in
      (0...2).map { "/layer\(stage)/layer\(stage).\($0)/Relu_1_output_0" }
    }
    #expect(recognition.candidates == blocks)
    #expect(try recognition.layoutOfHead().head?.features == 64)
  }
}
