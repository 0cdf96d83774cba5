import Kernels
import Tensors
import Testing

@Suite struct DepthwiseDirectTests {
  /// Maps and windows of one size, with both gradients' operands.
  struct Case: CustomTestStringConvertible, Sendable {
    let batch: Int
    let channels: Int
    let height: Int
    let width: Int
    let reach: Int
    /// Tokens in front of the map, or nil where channels follow each other as whole maps.
    let prefix: Int?

    var testDescription: String {
      "\(batch) × \(height) × \(width) × \(channels), reach \(reach), "
        + (prefix.map { "behind \($0) tokens" } ?? "channel by channel")
    }

    var geometry: DepthwiseGeometry {
      let count = height * width
      let layout: DepthwiseGeometry.Layout =
        if let prefix {
          .init(offset: prefix * channels, image: imageCount, channel: 1, column: channels)
        } else {
          .init(offset: 0, image: imageCount, channel: count, column: 1)
        }
      return DepthwiseGeometry(
        batch: batch, channels: channels, height: height, width: width, layout: layout, reach: reach)
    }

    /// Elements of an image.
    var imageCount: Int { ((prefix ?? 0) + height * width) * channels }

    func alone() -> Case {
      Case(batch: 1, channels: channels, height: height, width: width, reach: reach, prefix: prefix)
    }

    static let all: [Case] = [1, nil].flatMap { prefix in
      [
        (2, 16, 14, 14, 25), (3, 8, 7, 7, 6), (2, 3, 1, 1, 4), (2, 20, 5, 9, 12), (1, 16, 24, 24, 2),
        (1, 32, 20, 20, 12), (2, 7, 3, 31, 3), (3, 48, 6, 2, 1), (1, 16, 4, 5, 0), (1, 33, 33, 18, 15),
      ].map { batch, channels, height, width, reach in
        Case(batch: batch, channels: channels, height: height, width: width, reach: reach, prefix: prefix)
      }
    }
  }

  /// Operands and results of one type; what a result leaves alone keeps its 7.
  private struct Values {
    let geometry: DepthwiseGeometry
    let x, dy, window, y, dx, dm: TensorView

    init(_ test: Case, _ type: ElementType) throws {
      let g = test.geometry
      geometry = g
      var numbers = Numbers(seed: 1)
      let maps: Shape = [test.batch, test.imageCount]
      func filled(_ shape: Shape, _ value: (Int) -> Double) throws -> TensorView {
        try DepthwiseDirectTests.view(type, shape) { value($0) }
      }
      x = try filled(maps) { _ in numbers.next() }
      dy = try filled(maps) { _ in numbers.next() }
      window = try filled(g.windowShape) { _ in numbers.next() }
      y = try filled(maps) { _ in 7 }
      dx = try filled(maps) { _ in 7 }
      dm = try filled(g.windowShape) { _ in 7 }
    }

    func computeDirectly(_ options: KernelOptions) throws {
      let scratch = try DepthwiseDirectTests.view(
        .float32, [DepthwiseDirect.scratchByteCount(geometry) / 4]
      ) { _ in .nan }
      DepthwiseDirect.convolve(
        x, window: window, flipped: false, geometry, into: y, scratch: scratch, options)
      DepthwiseDirect.convolve(
        dy, window: window, flipped: true, geometry, into: dx, scratch: scratch, options)
      DepthwiseDirect.windowGradient(x, dy, geometry, into: dm, scratch: scratch, options)
    }

    func computeByReference() {
      DepthwiseWindow.convolve(x, window: window, flipped: false, geometry, into: y)
      DepthwiseWindow.convolve(dy, window: window, flipped: true, geometry, into: dx)
      DepthwiseWindow.windowGradient(x, dy, geometry, into: dm)
    }

    /// The window's gradient without the channels that fill up the last group.
    func windowGradient() -> [Double] {
      let lanes = DepthwiseGeometry.lanes
      let taps = geometry.windowHeight * geometry.windowWidth
      return DepthwiseDirectTests.numbers(dm).enumerated().filter { index, _ in
        index / (taps * lanes) * lanes + index % lanes < geometry.channels
      }.map(\.element)
    }

    /// All results as numbers.
    func results() -> [[Double]] {
      [DepthwiseDirectTests.numbers(y), DepthwiseDirectTests.numbers(dx), windowGradient()]
    }
  }

  private static func view(_ type: ElementType, _ shape: Shape, _ value: (Int) -> Double) throws
    -> TensorView
  {
    let storage = try Storage(byteCount: type.byteCount(of: shape.elementCount) ?? 0)
    let view = TensorView(elementType: type, shape: shape, storage: storage, byteOffset: 0)
    for index in 0..<view.count {
      if type == .float32 {
        unsafe view.buffer(of: Float.self)[index] = Float(value(index))
      } else {
        unsafe view.buffer(of: Double.self)[index] = value(index)
      }
    }
    return view
  }

  private static func numbers(_ view: TensorView) -> [Double] {
    view.elementType == .float32
      ? unsafe view.buffer(of: Float.self).map { Double($0) } : unsafe Array(view.buffer(of: Double.self))
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `results agree with loops in Double and leave all else alone`(level: Processor.Level, test: Case)
    throws
  {
    let (fast, exact) = try (Values(test, .float32), Values(test, .float64))
    try fast.computeDirectly(KernelOptions(threads: 2, level: level))
    exact.computeByReference()
    let g = test.geometry
    // Of n terms below 1 the sums grow with the root of n, and so does the number of their roundings that do not cancel.
    let pairs = min(g.height, g.windowHeight) * min(g.width, g.windowWidth)
    let terms = [pairs, pairs, g.batch * g.mapCount]
    let results = Array(zip(fast.results(), exact.results()))
    for (index, name) in ["y", "dx", "dm"].enumerated() {
      let (found, expected) = results[index]
      let bound = 0x1p-24 * Double(terms[index] + 4)
      let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(found.count == expected.count && worst <= bound, "\(name) differs by \(worst), bound \(bound)")
      #expect(found.allSatisfy { $0.isFinite }, "\(name) has a value that is not a number")
    }
  }

  @Test(arguments: Processor.availableLevels(), Case.all)
  func `bits do not depend on threads or on the images beside`(level: Processor.Level, test: Case) throws {
    let one = try Values(test, .float32)
    try one.computeDirectly(KernelOptions(threads: 1, level: level))
    for threads in [2, 4] {
      let more = try Values(test, .float32)
      try more.computeDirectly(KernelOptions(threads: threads, level: level))
      #expect(more.results() == one.results(), "\(threads) threads")
    }
    for image in 0..<test.batch {
      let alone = try Values(test.alone(), .float32)
      alone.x.copyBytes(from: one.x.part(image, of: test.batch))
      alone.dy.copyBytes(from: one.dy.part(image, of: test.batch))
      alone.window.copyBytes(from: one.window)
      try alone.computeDirectly(KernelOptions(threads: 1, level: level))
      #expect(Self.numbers(alone.y) == Self.numbers(one.y.part(image, of: test.batch)), "y of \(image)")
      #expect(Self.numbers(alone.dx) == Self.numbers(one.dx.part(image, of: test.batch)), "dx of \(image)")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `a value that is not a number reaches the places under its window alone`(level: Processor.Level) throws
  {
    let test = Case(batch: 1, channels: 16, height: 11, width: 19, reach: 3, prefix: 0)
    let values = try Values(test, .float32)
    let (row, column, channel) = (2, 9, 5)
    unsafe values.x.buffer(of: Float.self)[(row * 19 + column) * 16 + channel] = .infinity
    try values.computeDirectly(KernelOptions(threads: 2, level: level))
    for (index, number) in Self.numbers(values.y).enumerated() {
      let (place, c) = (index / 16, index % 16)
      let isUnder = abs(place / 19 - row) <= 3 && abs(place % 19 - column) <= 3 && c == channel
      #expect(number.isFinite == !isUnder, "row \(place / 19), column \(place % 19), channel \(c)")
    }
  }

  @Test func `kernels merge into windows tap by tap and are split out of them again`() throws {
    let test = Case(batch: 1, channels: 19, height: 5, width: 4, reach: 8, prefix: 0)
    let g = test.geometry
    let options = KernelOptions(threads: 2, level: .portable)
    let window = try Self.view(.float32, g.windowShape) { _ in 0 }
    // Of 5 × 5 taps two steps apart, those in reach of the map: 3 columns and all rows.
    let kernel = try Self.view(.float32, [19, 1, 5, 5]) { Double($0 + 1) }
    DepthwiseWindow.merge(kernel, dilation: 2, g, into: window, options)
    for (index, number) in Self.numbers(window).enumerated() {
      let (lane, column, row) = (index % 16, index / 16 % 7 - 3, index / (16 * 7) % 9 - 4)
      let channel = index / (16 * 7 * 9) * 16 + lane
      let isTap = channel < 19 && row % 2 == 0 && column % 2 == 0
      let expected = isTap ? (channel * 5 + row / 2 + 2) * 5 + column / 2 + 2 + 1 : 0
      #expect(number == Double(expected), "channel \(channel), row \(row), column \(column)")
    }
    let again = try Self.view(.float32, [19, 1, 5, 5]) { _ in 7 }
    DepthwiseWindow.split(window, dilation: 2, g, into: again, options)
    for (index, number) in Self.numbers(again).enumerated() {
      #expect(number == (1...3 ~= index % 5 ? Double(index + 1) : 0), "tap \(index)")
    }
  }
}
