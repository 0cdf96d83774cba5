import Foundation
import Graphs
import Operators
import Rewriting
import Tensors
import Testing

@Suite struct ChannelsLastTests {
  static let networks = FixtureFusionTests.fixtures("backbones").filter { path in
    let name = URL(fileURLWithPath: path).lastPathComponent
    return ["resnet", "mobilenet", "efficientnet"].contains { name.contains($0) }
  }

  private func check(_ graph: String) throws -> FusionCheck {
    try FusionCheck(try ModelDescription(text: "<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph))
  }

  @Test(arguments: networks)
  func `a convolutional network keeps its outputs and the graph's promises`(_ path: String) throws {
    let check = try FusionCheck(path: path)
    #expect(check.problems == [])
    #expect(FusionCheck.count(check.fused, "Conv", "BatchNormalization") == 0)
    try check.compareOutputs()
  }

  @Test(arguments: networks.filter { !$0.contains("efficientnet") })
  func `only the image is laid anew`(_ path: String) throws {
    let fused = try FusionCheck(path: path).fused
    #expect(FusionCheck.count(fused, "Transpose") == 1)
  }

  @Test func `a residual block is three products, with normalization, addition and activation in them`()
    throws
  {
    let check = try check(
      """
      g (float[2,8,6,6] x, float[8,8,1,1] c, float[4,8,1,1] a, float[8,4,3,3] b) => (float[2,8] y)
      <float[8] s = {1,2,3,4,5,6,7,8}, float[8] m = {0,1,0,1,0,1,0,1}, float[8] v = {1,1,2,2,3,3,4,4}> {
        i = MaxPool <kernel_shape = [1,1]> (x)
        h = Conv (i, c)
        p = Conv <pads = [0,0,0,0]> (h, a)
        q = Relu (p)
        r = Conv <pads = [1,1,1,1]> (q, b)
        t = BatchNormalization (r, s, m, m, v)
        u = Add (t, h)
        w = Relu (u)
        z = GlobalAveragePool (w)
        y = Flatten (z)
      }
      """)
    #expect(check.problems == [])
    #expect(FusionCheck.count(check.fused, "ChannelsLastConv") == 1)
    #expect(FusionCheck.count(check.fused, "Linear") == 2)
    #expect(FusionCheck.count(check.fused, "ReduceMean") == 1)
    try check.compareOutputs()
  }

  @Test func `what follows a convolution is applied in its own order`() throws {
    let check = try check(
      """
      g (float[2,5,6,6] x, float[5,5,3,3] a, float[5,5,1,1] b) => (float[2,5,6,6] y, float[2,5,6,6] z)
      <float low = {-0.5}, float high = {0.75}> {
        r = Conv (x, b)
        p = Conv <pads = [1,1,1,1]> (x, a)
        q = Relu (p)
        y = Add (q, r)
        s = Conv <pads = [1,1,1,1]> (r, a)
        t = Add (s, r)
        z = Clip (t, low, high)
      }
      """)
    let products = check.fused.nodes.filter { $0.type == "ChannelsLastConv" }
    #expect(products.count == 2 && FusionCheck.count(check.fused, "Relu", "Clip") == 0)
    // The sum behind an activation stays a sum of its own.
    #expect(FusionCheck.count(check.fused, "Add") == 1)
    try check.compareOutputs()
  }

  @Test func `constant batch normalization becomes part of constant kernels`() throws {
    let check = try check(
      """
      g (float[2,1,5,4] x) => (float[2,3,5,4] y)
      <float[3,1,1,1] a = {2,-1,0.5}, float[3] b = {1,2,3}, float[3] s = {1,-2,3}, float[3] t = {0.5,0,1},
       float[3] m = {0,1,-1}, float[3] v = {1,2,4}> {
        p = Conv (x, a, b)
        y = BatchNormalization (p, s, t, m, v)
      }
      """)
    #expect(FusionCheck.count(check.fused, "BatchNormalization", "Mul", "Add") == 0)
    try check.compareOutputs()
  }

  @Test func `a value that is asked for stays as the file has it`() throws {
    let check = try check(
      """
      g (float[1,3,6,6] x, float[4,3,3,3] a, float[4,4,1,1] b) => (float[1,4,4,4] p, float[1,4,4,4] y) {
        p = Conv (x, a)
        q = Relu (p)
        y = Conv (q, b)
      }
      """)
    #expect(check.fused.type("p").shape == [1, 4, 4, 4])
    try check.compareOutputs()
  }

  @Test func `numbers per channel and per image follow the maps`() throws {
    let check = try check(
      """
      g (float[2,3,6,6] x, float[8,3,3,3] a, float[8,8,1,1] b, float[8,1,1] c) => (float[2,8,6,6] y) {
        p = Conv <pads = [1,1,1,1]> (x, a)
        q = GlobalAveragePool (p)
        r = Conv (q, b)
        s = Sigmoid (r)
        t = Mul (p, s)
        y = Add (c, t)
      }
      """)
    #expect(check.problems == [])
    #expect(FusionCheck.count(check.fused, "Transpose") == 2)
    try check.compareOutputs()
  }

  @Test func `patches that an image is cut into are read as they lie`() throws {
    let check = try check(
      """
      g (float[2,3,8,8] x, float[6,3,4,4] a) => (float[2,4,6] y) <int64[3] flat = {2,6,4}> {
        p = Conv <strides = [4,4]> (x, a)
        q = Reshape (p, flat)
        y = Transpose <perm = [0,2,1]> (q)
      }
      """)
    #expect(FusionCheck.count(check.fused, "Conv") == 1)
    #expect(FusionCheck.count(check.fused, "ChannelsLastConv") == 0)
  }
}
