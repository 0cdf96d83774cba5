import Backbones
import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct ImageEvidenceTests {
  /// What a patch convolution and an embedding behind it tell.
  private func evidence(
    _ embedding: String, reading: String = "z = Add (y, e)", attributes: String = "strides = [4, 4]"
  ) throws -> ImageEvidence {
    let graph = try Graph(
      text: """
        g (float[n, c, h, w] x, float[8, 3, 4, 4] k, float\(embedding) e) => (float z) {
          y = Conv <\(attributes)> (x, k)
          \(reading)
        }
        """)
    // What the text declares as further inputs stands for initializers.
    var result = graph
    result.inputs = Array(graph.inputs.prefix(1))
    for input in graph.inputs.dropFirst() { result.initializers.append(try input.zeros()) }
    return ImageEvidence(result, input: "x")
  }

  @Test(arguments: [
    ("[1, 4, 8]", 8), ("[1, 5, 8]", 8), ("[1, 14, 8]", 12), ("[1, 3, 3, 8]", 12), ("[1, 197, 8]", 56),
    ("[1, 198, 8]", 56),
  ]) func `a position embedding counts the patches of a square`(_ embedding: String, _ side: Int) throws {
    #expect(try evidence(embedding).side == side)
  }

  @Test(arguments: ["[1, 1, 8]", "[1, 5, 6]", "[2, 5, 8]", "[1, 2, 3, 8]", "[1, 121, 4]", "[8]"])
  func `other constants do not`(_ constant: String) throws {
    #expect(try evidence(constant).side == nil)
  }

  @Test func `a matrix is an embedding where it is gathered from, not where it multiplies`() throws {
    #expect(try evidence("[10, 8]", reading: "z = Gather (e, y)").side == 12)
    #expect(try evidence("[16, 8]", reading: "z = MatMul (e, y)").side == nil)
  }

  @Test(arguments: ["strides = [2, 2]", "strides = [4, 4], pads = [1, 1, 1, 1]", "group = 1"])
  func `a convolution that cuts no patches tells channels alone`(_ attributes: String) throws {
    let found = try evidence("[1, 5, 8]", attributes: attributes)
    #expect(found.side == nil)
    #expect(found.channels == 3)
  }

  @Test func `channels are those of all groups`() throws {
    #expect(try evidence("[1]", attributes: "group = 2").channels == 6)
  }

  @Test(arguments: [
    "hf_dinov2.ts17.dynamic.onnx", "hf_vit.dy18.dynamic.onnx", "hf_vit.ts11.dynamic.onnx",
    "timm_deit_distilled.ts17.dynamic.onnx", "timm_vit.dy24.dynamic.onnx", "timm_vit_reg4.dy20.dynamic.onnx",
    "torchvision_vit.dy24.fixed.slim.onnx",
  ]) func `what exporters write tells the size that the file declares`(_ file: String) throws {
    let fixture = try #require(BackboneFixture.all.first { $0.file == file })
    let image = try #require(try fixture.recognition().layout?.image)
    let found = ImageEvidence(try fixture.model().graph, input: image.name)
    #expect(found.side == image.height)
    #expect(found.channels == image.channels)
  }
}

extension ValueDescription {
  /// An initializer of the declared shape.
  fileprivate func zeros() throws -> TensorConstant {
    guard case .tensor(_, let dimensions?)? = type?.kind else {
      return TensorConstant(name: name, try .init([Float]()))
    }
    let extents = dimensions.map { dimension -> Int in
      if case .value(let extent) = dimension.extent { Int(extent) } else { 1 }
    }
    return TensorConstant(name: name, try Tensor(zeros: Shape(extents), of: .float32))
  }
}
