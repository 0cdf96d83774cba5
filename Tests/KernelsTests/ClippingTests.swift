import Kernels
import Tensors
import Testing

@Suite struct ClippingTests {
  /// Lengths around whole vectors, and one that threads share; elements on the bounds and all special ones among them.
  private static func elements(_ count: Int) -> [Float] {
    var numbers = Numbers(seed: 60)
    let special: [Float] = [
      .nan, .infinity, -.infinity, 0, -0.0, 6, -1, .leastNonzeroMagnitude, Float(6).nextUp,
    ]
    return (0..<count).map { $0 % 5 == 0 ? special[$0 / 5 % special.count] : Float(numbers.next() * 9) }
  }

  private static let bounds: [(low: Float?, high: Float?)] = [
    (0, 6), (-0.0, 0), (nil, 6), (-1, nil), (nil, nil), (2, -1), (.nan, 6), (0, .nan),
    (-.infinity, .infinity),
  ]

  private static func view(_ elements: [Float], _ shape: Shape) throws -> TensorView {
    TensorView(try Tensor(elements, shape: shape))
  }

  private static func bits(_ view: TensorView) -> [UInt32] {
    unsafe view.buffer(of: Float.self).map(\.bitPattern)
  }

  @Test(arguments: Processor.availableLevels(), [0, 1, 15, 16, 37, 150_001])
  func `elements are limited as plain Float does it, in place too`(level: Processor.Level, count: Int) throws
  {
    let x = Self.elements(count)
    for (low, high) in Self.bounds {
      let expected = x.map { v -> Float in
        let raised = low.map { v < $0 || $0.isNaN ? $0 : v } ?? v
        return high.map { raised > $0 || $0.isNaN ? $0 : raised } ?? raised
      }
      for threads in [1, 2] {
        let y = try Self.view(x, [count])
        Elementwise.clip(
          y, low: try low.map { try Self.view([$0], []) }, high: try high.map { try Self.view([$0], [1]) },
          into: y, KernelOptions(threads: threads, level: level))
        #expect(Self.bits(y) == expected.map(\.bitPattern), "\(String(describing: (low, high)))")
      }
    }
  }

  @Test(arguments: Processor.availableLevels(), [0, 1, 15, 16, 37, 150_001])
  func `a gradient passes where plain Float finds the element within its bounds`(
    level: Processor.Level, count: Int
  ) throws {
    let (x, dy) = (Self.elements(count), Self.elements(count).reversed() as [Float])
    for (low, high) in Self.bounds {
      let expected = zip(x, dy).map { v, slope -> Float in
        v >= (low ?? -.infinity) && v <= (high ?? .infinity) ? slope : 0
      }
      for threads in [1, 2] {
        let dx = try Self.view(dy, [count])
        Elementwise.clipGradient(
          try Self.view(x, [count]), dx, low: try low.map { try Self.view([$0], []) },
          high: try high.map { try Self.view([$0], []) }, into: dx,
          KernelOptions(threads: threads, level: level))
        #expect(Self.bits(dx) == expected.map(\.bitPattern), "\(String(describing: (low, high)))")
      }
    }
  }
}
