import Tensors

/// Depthwise convolution tap by tap, over taps that meet data alone.
enum TapwiseDepthwise {
  /// Computes y, the gradient of x or the gradient of w from the two others.
  static func run<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Convolution.Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry, _ options: KernelOptions
  ) {
    parallelFor(g.groups, threads: options.threads) { channel, _ in
      let kernel = unsafe w + channel * g.tapCount
      if pass == .weight { unsafe kernel.update(repeating: 0, count: g.tapCount) }
      for image in 0..<g.batch {
        let map = unsafe x + (image * g.groups + channel) * g.inputSize
        let result = unsafe y + (image * g.groups + channel) * g.outputSize
        switch pass {
        case .forward:
          unsafe result.update(repeating: 0, count: g.outputSize)
          forEachRow(g) { tap, to, from, count, step in
            let factor = unsafe kernel[tap]
            for i in 0..<count { unsafe result[to + i] += factor * map[from + i * step] }
          }
        case .input:
          unsafe map.update(repeating: 0, count: g.inputSize)
          forEachRow(g) { tap, to, from, count, step in
            let factor = unsafe kernel[tap]
            for i in 0..<count { unsafe map[from + i * step] += factor * result[to + i] }
          }
        case .weight:
          forEachRow(g) { tap, to, from, count, step in
            // Four lanes, added in a fixed order.
            var lanes = (Element(0), Element(0), Element(0), Element(0))
            var i = 0
            while i + 4 <= count {
              unsafe lanes.0 += result[to + i + 0] * map[from + (i + 0) * step]
              unsafe lanes.1 += result[to + i + 1] * map[from + (i + 1) * step]
              unsafe lanes.2 += result[to + i + 2] * map[from + (i + 2) * step]
              unsafe lanes.3 += result[to + i + 3] * map[from + (i + 3) * step]
              i += 4
            }
            while i < count {
              unsafe lanes.0 += result[to + i] * map[from + i * step]
              i += 1
            }
            unsafe kernel[tap] += (lanes.0 + lanes.1) + (lanes.2 + lanes.3)
          }
        }
      }
    }
  }

  /// Every row of outputs that a live tap meets data for: tap, first output, first input, count, input step.
  @inline(__always)
  private static func forEachRow(_ g: ConvolutionGeometry, _ body: (Int, Int, Int, Int, Int) -> Void) {
    for u in 0..<g.kernel.height {
      let rows = g.rows(u)
      guard !rows.outputs.isEmpty else { continue }
      for v in 0..<g.kernel.width {
        let columns = g.columns(v)
        guard !columns.outputs.isEmpty else { continue }
        let first = columns.outputs.lowerBound
        for i in rows.outputs {
          body(
            u * g.kernel.width + v, i * g.output.width + first,
            (i * g.stride.0 + rows.offset) * g.input.width + first * g.stride.1 + columns.offset,
            columns.outputs.count, g.stride.1)
        }
      }
    }
  }
}
