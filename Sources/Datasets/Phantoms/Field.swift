import Glibc
import Tensors

/// A map of numbers, rows packed: what phantoms are composed of before they become pixels.
struct Field {
  let width: Int
  let height: Int
  var values: [Float]

  /// A field of one value.
  init(width: Int, height: Int, filledWith value: Float = 0) {
    self.width = width
    self.height = height
    values = [Float](repeating: value, count: width * height)
  }

  /// White noise of mean 0 and variance 1, nearly normal.
  ///
  /// The sum of four 16-bit uniform numbers: only additions, so that the same bits come out everywhere.
  init(noiseOfWidth width: Int, height: Int, random: inout Random) {
    self.init(width: width, height: height)
    for position in values.indices {
      let bits = random.next()
      let sum = (0..<4).reduce(0) { $0 + Int(bits >> UInt64(16 * $1) & 0xFFFF) }
      values[position] = (Float(sum) / 65536 - 2) * 1.732_050_8
    }
  }

  /// Calls `body` for every pixel centre with coordinates from 0 to 1 and the value to change.
  mutating func change(_ body: (_ x: Float, _ y: Float, _ value: inout Float) -> Void) {
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = ((Float(column) + 0.5) / Float(width), (Float(row) + 0.5) / Float(height))
        body(x, y, &values[row * width + column])
      }
    }
  }

  /// The field after a Gaussian blur with the given standard deviations in pixels, edges repeated.
  func blurred(_ horizontal: Float, _ vertical: Float) -> Field {
    alongRows(Field.kernel(horizontal)).transposed().alongRows(Field.kernel(vertical)).transposed()
  }

  /// Blurred white noise brought back to a variance of 1.
  static func smoothNoise(
    width: Int, height: Int, _ horizontal: Float, _ vertical: Float, random: inout Random
  ) -> Field {
    let noise = Field(noiseOfWidth: width, height: height, random: &random)
    var field = noise.blurred(horizontal, vertical)
    let power =
      kernel(horizontal).map { $0 * $0 }.reduce(0, +) * kernel(vertical).map { $0 * $0 }.reduce(0, +)
    for position in field.values.indices { field.values[position] /= power.squareRoot() }
    return field
  }

  /// The field with every value replaced.
  func map(_ transform: (Float) -> Float) -> Field {
    var result = self
    for position in values.indices { result.values[position] = transform(values[position]) }
    return result
  }

  /// 8-bit pixels of values from 0 to 1.
  var bytes: [UInt8] { values.map { UInt8((min(max($0, 0), 1) * 255).rounded()) } }

  private static func kernel(_ deviation: Float) -> [Float] {
    guard deviation > 0.05 else { return [1] }
    let radius = Int((3 * deviation).rounded(.up))
    let taps = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let sum = taps.reduce(0, +)
    return taps.map { $0 / sum }
  }

  private func alongRows(_ kernel: [Float]) -> Field {
    guard kernel.count > 1 else { return self }
    var result = self
    let radius = kernel.count / 2
    var padded = [Float](repeating: 0, count: width + 2 * radius)
    for row in 0..<height {
      for column in padded.indices {
        padded[column] = values[row * width + min(max(column - radius, 0), width - 1)]
      }
      for column in 0..<width {
        var sum: Float = 0
        for tap in kernel.indices { sum += padded[column + tap] * kernel[tap] }
        result.values[row * width + column] = sum
      }
    }
    return result
  }

  private func transposed() -> Field {
    var result = Field(width: height, height: width)
    for row in 0..<height {
      for column in 0..<width { result.values[column * height + row] = values[row * width + column] }
    }
    return result
  }
}

extension Random {
  /// A number within a range.
  mutating func number(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + Float(uniform()) * (range.upperBound - range.lowerBound)
  }

  /// True with the given probability.
  mutating func chance(_ probability: Double) -> Bool { uniform() < probability }
}
