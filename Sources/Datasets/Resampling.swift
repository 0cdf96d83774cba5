/// How pixels between pixels are found.
public enum Interpolation: String, Sendable, CaseIterable {
  /// Triangle filter, two pixels wide on each side when shrinking by two, and so on.
  case bilinear
  /// Cubic convolution with a = −0.5 (Keys 1981).
  case bicubic

  /// Half the filter's width at scale 1.
  fileprivate var support: Double { self == .bilinear ? 1 : 2 }

  /// The filter at a distance from its centre.
  fileprivate func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }
}

extension Image {
  /// This image at another size, antialiased: the filter widens with the scale when shrinking.
  ///
  /// Separable. 8-bit images are computed in fixed point with 22 fractional bits and rounded to 8 bits after each
  /// pass, which gives the bytes of Pillow 13's `resize`; float images are summed in Float without rounding or
  /// clamping between.
  public func resized(width: Int, height: Int, by interpolation: Interpolation) -> Image {
    precondition(width > 0 && height > 0, "an image has at least one pixel")
    let columns = ResamplingAxis(from: self.width, to: width, by: interpolation)
    let rows = ResamplingAxis(from: self.height, to: height, by: interpolation)
    // Pillow takes the columns first where that pass saves more than twice as many rows as the other saves columns; the
    // rounding between the passes makes the order visible.
    let isColumnsFirst = height < self.height && self.height - height > 2 * (self.width - width)
    let resized = isColumnsFirst ? resampledAlongColumns(rows) : resampledAlongRows(columns)
    return isColumnsFirst ? resized.resampledAlongRows(columns) : resized.resampledAlongColumns(rows)
  }

  private func resampledAlongRows(_ axis: ResamplingAxis) -> Image {
    guard axis.target != axis.source else { return self }
    switch samples {
    case .bytes(let bytes):
      let result = axis.alongRows(of: bytes, rows: height, channels: channels)
      return Image(width: axis.target, height: height, channels: channels, bytes: result)
    case .floats(let floats):
      let result = axis.alongRows(of: floats, rows: height, channels: channels)
      return Image(width: axis.target, height: height, channels: channels, floats: result)
    }
  }

  private func resampledAlongColumns(_ axis: ResamplingAxis) -> Image {
    guard axis.target != axis.source else { return self }
    switch samples {
    case .bytes(let bytes):
      let result = axis.alongColumns(of: bytes, rowLength: width * channels)
      return Image(width: width, height: axis.target, channels: channels, bytes: result)
    case .floats(let floats):
      let result = axis.alongColumns(of: floats, rowLength: width * channels)
      return Image(width: width, height: axis.target, channels: channels, floats: result)
    }
  }
}

/// The filter taps of every output position along one axis.
struct ResamplingAxis {
  /// Extent before.
  let source: Int
  /// Extent after.
  let target: Int
  /// Room for taps per output position.
  let tapLimit: Int
  /// First input position per output position.
  private(set) var starts: [Int] = []
  /// Number of taps per output position.
  private(set) var counts: [Int] = []
  /// Target × tapLimit weights; each output's sum to 1.
  private(set) var weights: [Float] = []
  /// The weights in fixed point.
  private(set) var fixedWeights: [Int32] = []

  /// Fractional bits of the fixed-point weights: 8 bits of sample and 2 bits for overshoot remain of 32.
  static let fractionBits: Int32 = 22

  init(from source: Int, to target: Int, by interpolation: Interpolation) {
    (self.source, self.target) = (source, target)
    let scale = Double(source) / Double(target)
    let filterScale = max(scale, 1)
    let support = interpolation.support * filterScale
    tapLimit = Int(support.rounded(.up)) * 2 + 1
    weights = [Float](repeating: 0, count: target * tapLimit)
    fixedWeights = [Int32](repeating: 0, count: target * tapLimit)
    starts.reserveCapacity(target)
    counts.reserveCapacity(target)
    for position in 0..<target {
      let center = (Double(position) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), source)
      var taps = (start..<end).map { interpolation.weight((Double($0) - center + 0.5) * (1 / filterScale)) }
      let sum = taps.reduce(0, +)
      if sum != 0 { taps = taps.map { $0 / sum } }
      for (tap, weight) in taps.enumerated() {
        weights[position * tapLimit + tap] = Float(weight)
        let scaled = weight * Double(1 << ResamplingAxis.fractionBits)
        fixedWeights[position * tapLimit + tap] = Int32(scaled + (weight < 0 ? -0.5 : 0.5))
      }
      starts.append(start)
      counts.append(taps.count)
    }
  }
}

extension ResamplingAxis {
  private static func clamped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum &>> fractionBits, 0), 255))
  }

  /// Resamples each row; `samples` holds rows × source × channels.
  func alongRows(of samples: [UInt8], rows: Int, channels: Int) -> [UInt8] {
    precondition(samples.count == rows * source * channels, "samples do not fill the rows")
    return unsafe [UInt8](unsafeUninitializedCapacity: rows * target * channels) { result, initialized in
      initialized = rows * target * channels
      unsafe samples.withUnsafeBufferPointer { samples in
        for row in 0..<rows {
          for position in 0..<target {
            let output = (row * target + position) * channels
            let input = (row * source + starts[position]) * channels
            let (count, taps) = (counts[position], position * tapLimit)
            if channels == 1 {
              var sum = Int32(1) << (ResamplingAxis.fractionBits - 1)
              for tap in 0..<count { sum &+= unsafe Int32(samples[input + tap]) &* fixedWeights[taps + tap] }
              unsafe result[output] = ResamplingAxis.clamped(sum)
            } else {
              var sums = SIMD4<Int32>(repeating: 1 << (ResamplingAxis.fractionBits - 1))
              for tap in 0..<count {
                let pixel = input + 3 * tap
                let colors = unsafe SIMD4<Int32>(
                  Int32(samples[pixel]), Int32(samples[pixel + 1]), Int32(samples[pixel + 2]), 0)
                sums = sums &+ colors &* fixedWeights[taps + tap]
              }
              for channel in 0..<3 { unsafe result[output + channel] = ResamplingAxis.clamped(sums[channel]) }
            }
          }
        }
      }
    }
  }

  /// Resamples each column; `samples` holds source rows of `rowLength` samples.
  func alongColumns(of samples: [UInt8], rowLength: Int) -> [UInt8] {
    precondition(samples.count == source * rowLength, "samples do not fill the rows")
    var sums = [Int32](repeating: 0, count: rowLength)
    return unsafe [UInt8](unsafeUninitializedCapacity: target * rowLength) { result, initialized in
      initialized = target * rowLength
      unsafe samples.withUnsafeBufferPointer { samples in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          for position in 0..<target {
            for column in 0..<rowLength { unsafe sums[column] = 1 << (ResamplingAxis.fractionBits - 1) }
            for tap in 0..<counts[position] {
              let weight = fixedWeights[position * tapLimit + tap]
              let row = (starts[position] + tap) * rowLength
              for column in 0..<rowLength {
                unsafe sums[column] = sums[column] &+ Int32(samples[row + column]) &* weight
              }
            }
            let output = position * rowLength
            for column in 0..<rowLength {
              unsafe result[output + column] = ResamplingAxis.clamped(sums[column])
            }
          }
        }
      }
    }
  }

  /// Resamples each row of float samples.
  func alongRows(of samples: [Float], rows: Int, channels: Int) -> [Float] {
    precondition(samples.count == rows * source * channels, "samples do not fill the rows")
    var result = [Float](repeating: 0, count: rows * target * channels)
    for row in 0..<rows {
      for position in 0..<target {
        let input = (row * source + starts[position]) * channels
        for channel in 0..<channels {
          var sum: Float = 0
          for tap in 0..<counts[position] {
            sum += samples[input + tap * channels + channel] * weights[position * tapLimit + tap]
          }
          result[(row * target + position) * channels + channel] = sum
        }
      }
    }
    return result
  }

  /// Resamples each column of float samples.
  func alongColumns(of samples: [Float], rowLength: Int) -> [Float] {
    precondition(samples.count == source * rowLength, "samples do not fill the rows")
    var result = [Float](repeating: 0, count: target * rowLength)
    for position in 0..<target {
      let output = position * rowLength
      for tap in 0..<counts[position] {
        let weight = weights[position * tapLimit + tap]
        let row = (starts[position] + tap) * rowLength
        for column in 0..<rowLength { result[output + column] += samples[row + column] * weight }
      }
    }
    return result
  }
}
