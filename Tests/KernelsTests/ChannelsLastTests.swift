import Kernels
import Tensors
import Testing

@Suite struct ChannelsLastTests {
  /// A convolution of three images.
  struct Case: CustomTestStringConvertible, Sendable {
    let input: (Int, Int)
    let kernel: (Int, Int)
    var channels = 1
    var filters = 1
    var groups = 1
    var stride = (1, 1)
    var pad = 0

    func geometry(batch: Int) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: batch, groups: groups, channels: channels, filters: filters,
        axes: [(input.0, kernel.0, stride.0), (input.1, kernel.1, stride.1)].map { input, kernel, stride in
          ConvolutionAxis(
            input: input, kernel: kernel, output: (input + 2 * pad - kernel) / stride + 1, stride: stride,
            padding: pad)
        })
    }

    var testDescription: String {
      "\(input) by \(kernel), \(groups) times \(channels) to \(filters), stride \(stride)"
    }

    static let all: [Case] = [
      Case(input: (7, 7), kernel: (3, 3), channels: 150, filters: 40, pad: 1),
      Case(input: (14, 13), kernel: (3, 3), channels: 16, filters: 33, stride: (2, 2), pad: 1),
      Case(input: (23, 24), kernel: (7, 7), channels: 3, filters: 20, stride: (2, 2), pad: 3),
      Case(input: (9, 9), kernel: (1, 1), channels: 5, filters: 7, stride: (2, 2)),
      Case(input: (6, 6), kernel: (3, 3), channels: 4, filters: 4, groups: 8, pad: 1),
      Case(input: (12, 11), kernel: (3, 3), groups: 45, pad: 1),
      Case(input: (13, 19), kernel: (5, 5), groups: 24, stride: (2, 2), pad: 2),
    ]
  }

  private struct Operands {
    let x: TensorView
    let w: TensorView
    let dy: TensorView

    init(_ g: ConvolutionGeometry) throws {
      var numbers = Numbers(seed: 9)
      func view(_ shape: Shape) throws -> TensorView {
        TensorView(try Tensor((0..<shape.elementCount).map { _ in Float(numbers.next()) }, shape: shape))
      }
      x = try view([g.batch, g.height.input, g.width.input, g.groups * g.channels])
      w = try view([g.groups * g.filters, g.channels, g.height.kernel, g.width.kernel])
      dy = try view([g.batch, g.height.output, g.width.output, g.groups * g.filters])
    }
  }

  private static func run(
    _ pass: Convolution.Pass, _ operands: Operands, _ g: ConvolutionGeometry, prepared: Bool,
    _ options: KernelOptions
  ) throws -> [UInt32] {
    let kernels = prepared ? try ConvolutionKernels(operands.w, pass, g, options) : nil
    let bytes = ChannelsLastConvolution.scratchByteCount(pass, g, isPrepared: prepared, options)
    let scratch = TensorView(try Tensor([Float](repeating: .nan, count: bytes / 4), shape: [bytes / 4]))
    let shape =
      switch pass {
      case .forward: operands.dy.shape
      case .input: operands.x.shape
      case .weight: operands.w.shape
      }
    let result = TensorView(try Tensor([Float](repeating: 7, count: shape.elementCount), shape: shape))
    switch pass {
    case .forward:
      ChannelsLastConvolution.forward(
        operands.x, operands.w, kernels, bias: nil, residual: nil, .clip(low: -20, high: 30), g, into: result,
        scratch: scratch, options)
    case .input:
      ChannelsLastConvolution.inputGradient(
        operands.dy, operands.w, kernels, g, into: result, scratch: scratch, options)
    case .weight:
      ChannelsLastConvolution.weightGradient(
        operands.dy, operands.x, g, into: result, scratch: scratch, options)
    }
    return unsafe result.buffer(of: Float.self).map(\.bitPattern)
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `bits depend on neither threads nor kernels that were rearranged before`(
    level: Processor.Level, test: Case
  ) throws {
    let g = test.geometry(batch: 3)
    let operands = try Operands(g)
    for pass in Convolution.Pass.allCases {
      let one = try Self.run(pass, operands, g, prepared: false, KernelOptions(threads: 1, level: level))
      let two = try Self.run(pass, operands, g, prepared: false, KernelOptions(threads: 2, level: level))
      #expect(one == two, "\(pass) on two threads")
      guard pass != .weight else { continue }
      let prepared = try Self.run(pass, operands, g, prepared: true, KernelOptions(threads: 2, level: level))
      #expect(one == prepared, "\(pass) with rearranged kernels")
    }
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `an image's bits do not depend on the others`(level: Processor.Level, test: Case) throws {
    let options = KernelOptions(threads: 2, level: level)
    let (three, one) = (test.geometry(batch: 3), test.geometry(batch: 1))
    let (all, first) = (try Operands(three), try Operands(one))
    // The last of three images alone.
    for (whole, single) in [(all.x, first.x), (all.dy, first.dy), (all.w, first.w)] {
      let (source, target) = unsafe (whole.buffer(of: Float.self), single.buffer(of: Float.self))
      for i in target.indices { unsafe target[i] = source[source.count - target.count + i] }
    }
    for pass in [Convolution.Pass.forward, .input] {
      let together = try Self.run(pass, all, three, prepared: true, options)
      let alone = try Self.run(pass, first, one, prepared: true, options)
      #expect(Array(together.suffix(alone.count)) == alone, "\(pass)")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `a window with what is no number gives it, and taps outside the map meet nothing`(
    level: Processor.Level
  ) throws {
    let options = KernelOptions(threads: 1, level: level)
    let axis = PoolingGeometry.Axis(
      input: 6, kernel: 3, output: 6, stride: 1, dilation: 1, before: 1, behind: 1)
    let geometry = PoolingGeometry(planes: 2, axes: [.single, axis, axis])
    var elements = [Float](repeating: -3, count: 72)
    elements[2 * (2 * 6 + 2)] = .nan
    let x = TensorView(try Tensor(elements, shape: [1, 6, 6, 2]))
    let y = TensorView(try Tensor([Float](repeating: 7, count: 72), shape: [1, 6, 6, 2]))
    ChannelsLastPooling.maximum(x, geometry, batch: 1, channels: 2, into: y, options)
    let found = unsafe y.buffer(of: Float.self).map { $0 }
    for place in 0..<36 {
      let isNear = (1...3).contains(place / 6) && (1...3).contains(place % 6)
      #expect(found[2 * place].isNaN == isNear && found[2 * place + 1] == -3)
    }
    // A tap that is infinite reaches no result whose patch has it in padding.
    let g = Case(input: (3, 3), kernel: (3, 3), groups: 2, pad: 1).geometry(batch: 1)
    let operands = try Operands(g)
    unsafe operands.w.buffer(of: Float.self)[0] = .infinity
    let bits = try Self.run(.forward, operands, g, prepared: true, options)
    #expect((0..<3).allSatisfy { Float(bitPattern: bits[2 * $0]).isFinite })
  }
}
