import Kernels
import Tensors
import Testing

/// Convolutions as products with columns, over one to three axes.
@Suite struct ConvolutionTests {
  /// A convolution with a bias.
  struct Case: CustomTestStringConvertible, Sendable {
    let axes: [ConvolutionAxis]
    var channels = 1
    var filters = 1
    var groups = 1

    func geometry(batch: Int) -> ConvolutionGeometry {
      ConvolutionGeometry(batch: batch, groups: groups, channels: channels, filters: filters, axes: axes)
    }

    var testDescription: String {
      "\(axes.map(\.input)) by \(axes.map(\.kernel)), \(groups) times \(channels) to \(filters)"
    }

    static let all: [Case] = [
      Case(
        axes: [ConvolutionAxis(input: 67, kernel: 5, output: 34, stride: 2, padding: 2)], channels: 40,
        filters: 33),
      Case(
        axes: [
          ConvolutionAxis(input: 9, kernel: 3, output: 5, dilation: 2),
          ConvolutionAxis(input: 14, kernel: 2, output: 7, stride: 2),
        ], channels: 7, filters: 20),
      Case(
        axes: [
          ConvolutionAxis(input: 5, kernel: 3, output: 5, padding: 1),
          ConvolutionAxis(input: 9, kernel: 3, output: 5, stride: 2, padding: 1),
          ConvolutionAxis(input: 11, kernel: 2, output: 10, dilation: 2, padding: 1),
        ], channels: 24, filters: 19),
      Case(
        axes: [
          ConvolutionAxis(input: 4, kernel: 2, output: 3),
          ConvolutionAxis(input: 7, kernel: 3, output: 7, padding: 1),
          ConvolutionAxis(input: 6, kernel: 3, output: 6, padding: 1),
        ], channels: 3, filters: 5, groups: 4),
      Case(
        axes: [3, 5, 7].map { ConvolutionAxis(input: $0, kernel: 1, output: $0) }, channels: 35, filters: 18),
    ]
  }

  /// Numbers of x, w, dy and the bias for a batch, the same for the same seed.
  private struct Operands<Element: Scalar & BinaryFloatingPoint> {
    let x: TensorView
    let w: TensorView
    let dy: TensorView
    let bias: TensorView

    init(_ g: ConvolutionGeometry) throws {
      var numbers = Numbers(seed: 5)
      func view(_ extents: [Int]) throws -> TensorView {
        let shape = Shape(extents)
        return TensorView(
          try Tensor((0..<shape.elementCount).map { _ in Element(numbers.next()) }, shape: shape))
      }
      w = try view([g.groups * g.filters, g.channels] + g.axes.map(\.kernel))
      bias = try view([g.groups * g.filters])
      x = try view([g.batch, g.groups * g.channels] + g.axes.map(\.input))
      dy = try view([g.batch, g.groups * g.filters] + g.axes.map(\.output))
    }

    func run(_ pass: Convolution.Pass, _ g: ConvolutionGeometry, _ options: KernelOptions) throws -> [Element]
    {
      let bytes = Convolution.scratchByteCount(g, x.elementType, options)
      let scratch = TensorView(try Tensor([UInt8](repeating: 0xFF, count: bytes), shape: [bytes]))
      func result(like other: TensorView) throws -> TensorView {
        TensorView(try Tensor([Element](repeating: 7, count: other.count), shape: other.shape))
      }
      let found: TensorView
      switch pass {
      case .forward:
        found = try result(like: dy)
        Convolution.forward(x, w, bias: bias, g, into: found, scratch: scratch, options)
      case .input:
        found = try result(like: x)
        Convolution.inputGradient(dy, w, g, into: found, scratch: scratch, options)
      case .weight:
        found = try result(like: w)
        Convolution.weightGradient(dy, x, g, into: found, scratch: scratch, options)
      }
      return unsafe found.buffer(of: Element.self).map { $0 }
    }
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `bits do not depend on threads`(level: Processor.Level, test: Case) throws {
    func check<Element: Scalar & BinaryFloatingPoint>(_: Element.Type) throws {
      let g = test.geometry(batch: 3)
      let operands = try Operands<Element>(g)
      for pass in Convolution.Pass.allCases {
        let one = try operands.run(pass, g, KernelOptions(threads: 1, level: level))
        for threads in [2, 4] {
          let several = try operands.run(pass, g, KernelOptions(threads: threads, level: level))
          #expect(one == several, "\(pass) of \(Element.self) on \(threads) threads")
        }
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `an image's bits depend neither on the others nor on its place`(level: Processor.Level, test: Case)
    throws
  {
    func check<Element: Scalar & BinaryFloatingPoint>(_: Element.Type) throws {
      let options = KernelOptions(threads: 2, level: level)
      let (three, one) = (test.geometry(batch: 3), test.geometry(batch: 1))
      let (all, single) = (try Operands<Element>(three), try Operands<Element>(one))
      for pass in [Convolution.Pass.forward, .input] {
        let together = try all.run(pass, three, options)
        for image in 0..<3 {
          for (whole, part) in [(all.x, single.x), (all.dy, single.dy)] {
            let (source, target) = unsafe (whole.buffer(of: Element.self), part.buffer(of: Element.self))
            for i in target.indices { unsafe target[i] = source[image * target.count + i] }
          }
          let alone = try single.run(pass, one, options)
          let place = image * alone.count..<(image + 1) * alone.count
          #expect(Array(together[place]) == alone, "\(pass) of \(Element.self), image \(image)")
        }
      }
    }
    try check(Float.self)
    try check(Double.self)
  }
}
