/// Numbers in memory aligned for every kernel, with checked access for the tests.
@safe
final class AlignedBuffer<Scalar: BinaryFloatingPoint> {
  let count: Int
  private let elements: UnsafeMutablePointer<Scalar>

  init(_ count: Int, filledWith make: (Int) -> Scalar = { _ in 0 }) {
    self.count = count
    unsafe elements = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Scalar>.stride, alignment: 64
    ).bindMemory(to: Scalar.self, capacity: max(count, 1))
    for index in 0..<count { unsafe (elements + index).initialize(to: make(index)) }
  }

  deinit { unsafe elements.deallocate() }

  var pointer: UnsafeMutablePointer<Scalar> { unsafe elements }
  var reading: UnsafePointer<Scalar> { unsafe UnsafePointer(elements) }

  subscript(index: Int) -> Scalar {
    get {
      precondition(index >= 0 && index < count)
      return unsafe elements[index]
    }
    set {
      precondition(index >= 0 && index < count)
      unsafe elements[index] = newValue
    }
  }

  var values: [Scalar] { (0..<count).map { self[$0] } }
}

/// A small seeded generator (SplitMix64), the same numbers on every run.
struct Numbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Evenly spread in −1 ..< 1, exactly representable in Float.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 41) / Double(1 << 22) - 1
  }

  mutating func buffer<Scalar>(_ count: Int, scale: Double = 1) -> AlignedBuffer<Scalar> {
    let buffer = AlignedBuffer<Scalar>(count)
    for index in 0..<count { buffer[index] = Scalar(next() * scale) }
    return buffer
  }
}

/// Distance in units of the last place of `value` as a Float.
func ulps(_ value: Float, from exact: Double) -> Double {
  guard Double(value) != exact else { return 0 }
  let unit = max(Double(Float(exact).ulp), Double(Float.leastNormalMagnitude.ulp))
  return abs(Double(value) - exact) / unit
}
