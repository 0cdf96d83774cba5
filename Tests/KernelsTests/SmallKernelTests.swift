import Kernels
import Tensors
import Testing

@Suite struct SmallKernelTests {
  /// A depthwise convolution, two images of three channels.
  struct Case: CustomTestStringConvertible, Sendable {
    let input: (Int, Int)
    let kernel: (Int, Int)
    var stride = (1, 1)
    var dilation = (1, 1)
    /// Zeros above, on the left, below and on the right.
    var pads = (0, 0, 0, 0)
    /// An element of the kernel.
    var tap: Float?

    var geometry: ConvolutionGeometry {
      let rows = (input.0 + pads.0 + pads.2 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1
      let columns = (input.1 + pads.1 + pads.3 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1
      return ConvolutionGeometry(
        batch: 2, groups: 3, channels: 1, filters: 1, input: input, kernel: kernel, output: (rows, columns),
        stride: stride, dilation: dilation, padding: (pads.0, pads.1))
    }

    var testDescription: String {
      "\(input) by \(kernel), stride \(stride), dilation \(dilation), pads \(pads)"
        + (tap.map { ", a tap of \($0)" } ?? "")
    }

    static let all: [Case] = [
      Case(input: (7, 7), kernel: (3, 3), pads: (1, 1, 1, 1)),
      Case(input: (14, 14), kernel: (3, 3), pads: (1, 1, 1, 1)),
      Case(input: (57, 56), kernel: (3, 3), pads: (1, 1, 1, 1)),
      Case(input: (28, 29), kernel: (3, 3), stride: (2, 2), pads: (0, 0, 1, 1)),
      Case(input: (113, 112), kernel: (3, 3), stride: (2, 2), pads: (1, 1, 1, 1)),
      Case(input: (19, 33), kernel: (5, 5), pads: (2, 2, 2, 2)),
      Case(input: (20, 17), kernel: (3, 5), stride: (3, 4), dilation: (2, 3), pads: (2, 6, 0, 5)),
      Case(input: (9, 40), kernel: (1, 6), pads: (0, 9, 3, 1)),
      Case(input: (5, 1), kernel: (3, 3), pads: (4, 4, 4, 4)),
      Case(input: (9, 9), kernel: (3, 3), pads: (1, 1, 1, 1), tap: .infinity),
      Case(input: (9, 9), kernel: (3, 3), pads: (1, 1, 1, 1), tap: -0.0),
    ]
  }

  /// Every pair of an output and an input that a tap joins, taps in their order: output, input and tap of one channel.
  private static func pairs(_ g: ConvolutionGeometry) -> [(to: Int, from: Int, tap: Int)] {
    (0..<g.tapCount).flatMap { tap in
      (0..<g.outputSize).compactMap { to in
        let row = to / g.output.width * g.stride.0 + tap / g.kernel.width * g.dilation.0 - g.padding.0
        let column = to % g.output.width * g.stride.1 + tap % g.kernel.width * g.dilation.1 - g.padding.1
        guard row >= 0, row < g.input.height, column >= 0, column < g.input.width else { return nil }
        return (to, row * g.input.width + column, tap)
      }
    }
  }

  private static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var numbers = Numbers(seed: seed)
    return (0..<count).map { _ in Float(numbers.next()) }
  }

  private static func bits(_ view: TensorView) -> [UInt32] {
    unsafe view.buffer(of: Float.self).map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
  }

  private static func view(_ elements: [Float]) throws -> TensorView {
    TensorView(try Tensor(elements, shape: [elements.count]))
  }

  private static func scratch(_ g: ConvolutionGeometry, _ options: KernelOptions) throws -> TensorView? {
    let bytes = Convolution.scratchByteCount(g, .float32, options)
    return bytes == 0 ? nil : try view([Float](repeating: .nan, count: bytes / 4))
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `results have the bits of the plain loop that leaves padding out`(level: Processor.Level, test: Case)
    throws
  {
    let g = test.geometry
    let x = Self.numbers(6 * g.inputSize, seed: 1)
    let bias = Self.numbers(3, seed: 3)
    var w = Self.numbers(3 * g.tapCount, seed: 2)
    if let tap = test.tap { w[g.tapCount] = tap }
    var expected = [Float](repeating: 0, count: 6 * g.outputSize)
    for (to, from, tap) in Self.pairs(g) {
      for map in 0..<6 {
        expected[map * g.outputSize + to] += w[map % 3 * g.tapCount + tap] * x[map * g.inputSize + from]
      }
    }
    for index in expected.indices { expected[index] += bias[index / g.outputSize % 3] }
    for threads in [1, 2] {
      let options = KernelOptions(threads: threads, level: level)
      let y = TensorView(
        try Tensor(
          [Float](repeating: 7, count: expected.count), shape: [2, 3, g.output.height, g.output.width]))
      Convolution.forward(
        try Self.view(x), try Self.view(w), bias: try Self.view(bias), g,
        by: Convolution.method(.forward, g, .float32), into: y, scratch: try Self.scratch(g, options), options
      )
      #expect(Self.bits(y) == Self.bits(try Self.view(expected)), "\(threads) threads")
    }
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `a map's gradient has the bits of the plain loop`(level: Processor.Level, test: Case) throws {
    let g = test.geometry
    let dy = Self.numbers(6 * g.outputSize, seed: 4)
    var w = Self.numbers(3 * g.tapCount, seed: 2)
    if let tap = test.tap { w[g.tapCount] = tap }
    var expected = [Float](repeating: 0, count: 6 * g.inputSize)
    for (to, from, tap) in Self.pairs(g) {
      for map in 0..<6 {
        expected[map * g.inputSize + from] += w[map % 3 * g.tapCount + tap] * dy[map * g.outputSize + to]
      }
    }
    for threads in [1, 2] {
      let options = KernelOptions(threads: threads, level: level)
      let dx = try Self.view([Float](repeating: 7, count: expected.count))
      Convolution.inputGradient(
        try Self.view(dy), try Self.view(w), g, by: Convolution.method(.input, g, .float32), into: dx,
        scratch: try Self.scratch(g, options), options)
      #expect(Self.bits(dx) == Self.bits(try Self.view(expected)), "\(threads) threads")
    }
  }
}
