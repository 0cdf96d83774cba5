/// One axis of a resize: which positions are made, from which, and with which weights.
struct ResamplingAxis {
  /// Extent before.
  let source: Int
  /// Extent after.
  let target: Int
  /// The positions that are made, within 0 ..< target.
  let outputs: Range<Int>
  /// The positions that they are made from, within 0 ..< source.
  let inputs: Range<Int>
  private let interpolation: Interpolation
  private let scale: Double
  private let support: Double

  private static let fractionBits = 22

  init(from source: Int, to target: Int, outputs: Range<Int>, by interpolation: Interpolation) {
    (self.source, self.target, self.outputs, self.interpolation) = (source, target, outputs, interpolation)
    scale = Double(source) / Double(target)
    support = interpolation.support * max(scale, 1)
    let (first, last) = (outputs.lowerBound, outputs.upperBound - 1)
    inputs =
      target == source
      ? outputs
      : Self.inputs(of: first, scale, support, source)
        .lowerBound..<Self.inputs(
          of: last, scale, support, source
        ).upperBound
  }

  /// Whether the axis does anything; Pillow leaves an axis alone whose extent stays.
  var changes: Bool { target != source }

  private static func inputs(of output: Int, _ scale: Double, _ support: Double, _ source: Int) -> Range<Int>
  {
    let center = (Double(output) + 0.5) * scale
    return max(Int(center - support + 0.5), 0)..<min(Int(center + support + 0.5), source)
  }

  /// The filter taps of some positions.
  private struct Taps {
    /// First input position per output position.
    var starts: [Int] = []
    /// Number of taps per output position.
    var counts: [Int] = []
    /// Room for taps per output position.
    let limit: Int
    /// Weights that sum to 1 per output position.
    var weights: [Float]
    /// The same with 22 fractional bits.
    var fixedWeights: [Int32]
  }

  /// Calls with the taps of consecutive positions, a part of them at a time: extreme sizes have more taps than pixels.
  private func forEachPart(_ body: (Range<Int>, Taps) -> Void) {
    let limit = Int(support.rounded(.up)) * 2 + 1
    let step = max((1 << 20) / limit, 1)
    for start in stride(from: outputs.lowerBound, to: outputs.upperBound, by: step) {
      let part = start..<min(start + step, outputs.upperBound)
      body(part, taps(of: part, limit: limit))
    }
  }

  private func taps(of part: Range<Int>, limit: Int) -> Taps {
    var result = Taps(
      limit: limit, weights: [Float](repeating: 0, count: part.count * limit),
      fixedWeights: [Int32](repeating: 0, count: part.count * limit))
    result.starts.reserveCapacity(part.count)
    result.counts.reserveCapacity(part.count)
    for (index, output) in part.enumerated() {
      let center = (Double(output) + 0.5) * scale
      let inputs = Self.inputs(of: output, scale, support, source)
      var taps = inputs.map { interpolation.weight((Double($0) - center + 0.5) * (1 / max(scale, 1))) }
      let sum = taps.reduce(0, +)
      if sum != 0 { taps = taps.map { $0 / sum } }
      for (tap, weight) in taps.enumerated() {
        result.weights[index * limit + tap] = Float(weight)
        let scaled = weight * Double(1 << ResamplingAxis.fractionBits)
        result.fixedWeights[index * limit + tap] = Int32(scaled + (weight < 0 ? -0.5 : 0.5))
      }
      result.starts.append(inputs.lowerBound)
      result.counts.append(taps.count)
    }
    return result
  }
}

extension ResamplingAxis {
  private static func clamped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum &>> fractionBits, 0), 255))
  }

  /// Resamples some rows of samples that hold `width` pixels a row, the first of them position `origin` of the axis.
  func alongRows(of samples: [UInt8], width: Int, origin: Int, rows: Range<Int>, channels: Int) -> [UInt8] {
    precondition(
      samples.count >= rows.upperBound * width * channels && inputs.upperBound - origin <= width
        && origin <= inputs.lowerBound, "samples do not hold what is read")
    let count = rows.count * outputs.count * channels
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
      initialized = count
      unsafe samples.withUnsafeBufferPointer { samples in
        forEachPart { part, taps in
          for row in rows {
            for (index, position) in part.enumerated() {
              let output =
                ((row - rows.lowerBound) * outputs.count + position - outputs.lowerBound) * channels
              let input = (row * width + taps.starts[index] - origin) * channels
              let (count, first) = (taps.counts[index], index * taps.limit)
              if channels == 1 {
                var sum = Int32(1) << (ResamplingAxis.fractionBits - 1)
                for tap in 0..<count {
                  sum &+= unsafe Int32(samples[input + tap]) &* taps.fixedWeights[first + tap]
                }
                unsafe result[output] = ResamplingAxis.clamped(sum)
              } else if channels != 3 {
                for channel in 0..<channels {
                  var sum = Int32(1) << (ResamplingAxis.fractionBits - 1)
                  for tap in 0..<count {
                    sum &+=
                      unsafe Int32(samples[input + tap * channels + channel])
                      &* taps.fixedWeights[first + tap]
                  }
                  unsafe result[output + channel] = ResamplingAxis.clamped(sum)
                }
              } else {
                var sums = SIMD4<Int32>(repeating: 1 << (ResamplingAxis.fractionBits - 1))
                for tap in 0..<count {
                  let pixel = input + 3 * tap
                  let colors = unsafe SIMD4<Int32>(
                    Int32(samples[pixel]), Int32(samples[pixel + 1]), Int32(samples[pixel + 2]), 0)
                  sums = sums &+ colors &* taps.fixedWeights[first + tap]
                }
                for channel in 0..<3 {
                  unsafe result[output + channel] = ResamplingAxis.clamped(sums[channel])
                }
              }
            }
          }
        }
      }
    }
  }

  /// Resamples a part of the columns of rows of `rowLength` samples, the first row position `origin` of the axis.
  func alongColumns(of samples: [UInt8], rowLength: Int, origin: Int, part columns: Range<Int>) -> [UInt8] {
    precondition(
      samples.count >= (inputs.upperBound - origin) * rowLength && columns.upperBound <= rowLength
        && origin <= inputs.lowerBound, "samples do not hold what is read")
    let (width, offset) = (columns.count, columns.lowerBound)
    var sums = [Int32](repeating: 0, count: width)
    return unsafe [UInt8](unsafeUninitializedCapacity: outputs.count * width) { result, initialized in
      initialized = outputs.count * width
      unsafe samples.withUnsafeBufferPointer { samples in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          forEachPart { part, taps in
            for (index, position) in part.enumerated() {
              for column in 0..<width { unsafe sums[column] = 1 << (ResamplingAxis.fractionBits - 1) }
              for tap in 0..<taps.counts[index] {
                let weight = taps.fixedWeights[index * taps.limit + tap]
                let row = (taps.starts[index] + tap - origin) * rowLength + offset
                for column in 0..<width {
                  unsafe sums[column] = sums[column] &+ Int32(samples[row + column]) &* weight
                }
              }
              let output = (position - outputs.lowerBound) * width
              for column in 0..<width {
                unsafe result[output + column] = ResamplingAxis.clamped(sums[column])
              }
            }
          }
        }
      }
    }
  }

  /// Resamples some rows of float samples.
  func alongRows(of samples: [Float], width: Int, origin: Int, rows: Range<Int>, channels: Int) -> [Float] {
    var result = [Float](repeating: 0, count: rows.count * outputs.count * channels)
    forEachPart { part, taps in
      for row in rows {
        for (index, position) in part.enumerated() {
          let output = ((row - rows.lowerBound) * outputs.count + position - outputs.lowerBound) * channels
          let input = (row * width + taps.starts[index] - origin) * channels
          for channel in 0..<channels {
            var sum: Float = 0
            for tap in 0..<taps.counts[index] {
              sum += samples[input + tap * channels + channel] * taps.weights[index * taps.limit + tap]
            }
            result[output + channel] = sum
          }
        }
      }
    }
    return result
  }

  /// Resamples a part of the columns of float samples.
  func alongColumns(of samples: [Float], rowLength: Int, origin: Int, part columns: Range<Int>) -> [Float] {
    let (width, offset) = (columns.count, columns.lowerBound)
    var result = [Float](repeating: 0, count: outputs.count * width)
    forEachPart { part, taps in
      for (index, position) in part.enumerated() {
        let output = (position - outputs.lowerBound) * width
        for tap in 0..<taps.counts[index] {
          let weight = taps.weights[index * taps.limit + tap]
          let row = (taps.starts[index] + tap - origin) * rowLength + offset
          for column in 0..<width { result[output + column] += samples[row + column] * weight }
        }
      }
    }
    return result
  }
}
