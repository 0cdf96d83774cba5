import Glibc

/// A counter-based generator: the n-th number of a key is a pure function of (key, n).
///
/// Keys are derived from words such as (seed, epoch, image), so what is drawn for one image does not depend
/// on its position in a batch, on the thread, or on what was drawn before. Mixing function: the finaliser of
/// SplitMix64 (Steele, Lea, Flood 2014) applied to a Weyl sequence that starts at the mixed key.
public struct Random: Sendable, Hashable {
  package private(set) var key: UInt64
  package private(set) var counter: UInt64 = 0

  /// The generator of a key made of one or more words, for example `Random(7, epoch, image)`.
  public init(_ words: Int...) { self.init(words: words) }

  /// The generator of a key made of the given words.
  public init(words: [Int]) {
    key = words.reduce(0x9E37_79B9_7F4A_7C15) { state, word in
      Random.mix(state ^ Random.mix(UInt64(bitPattern: Int64(word)) &+ 0x632B_E59B_D9B4_E019))
    }
  }

  /// The state as it was saved.
  package init(key: UInt64, counter: UInt64) {
    self.key = key
    self.counter = counter
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    counter &+= 1
    return Random.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
  }

  /// A number in [0, 1) with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// An integer in 0 ..< bound, without bias.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "bound must be positive")
    let range = UInt64(bound)
    let limit = UInt64.max - UInt64.max % range
    var bits = next()
    while bits >= limit { bits = next() }
    return Int(bits % range)
  }

  /// A standard normal number (Box and Muller 1958; the second of the pair is dropped).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }

  /// A standard normal number within ±`bound`, by rejection.
  public mutating func truncatedNormal(bound: Double = 2) -> Double {
    precondition(bound > 0, "bound must be positive")
    var value = normal()
    while abs(value) > bound { value = normal() }
    return value
  }

  /// The integers 0 ..< count in random order (Fisher and Yates).
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, integer(below: last + 1)) }
    return order
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
