/// How kernels lie over one axis of maps.
///
/// Output o reads tap u at o · stride + u · dilation − padding; what lies outside the input is zero.
package struct ConvolutionAxis: Sendable {
  /// Elements of the input.
  package let input: Int
  /// Taps of a kernel.
  package let kernel: Int
  /// Elements of the output.
  package let output: Int
  /// Step between outputs.
  package let stride: Int
  /// Step between taps.
  package let dilation: Int
  /// Zeros in front of the input.
  package let padding: Int

  /// An axis of extents that fit together.
  package init(
    input: Int, kernel: Int, output: Int, stride: Int = 1, dilation: Int = 1, padding: Int = 0
  ) {
    self.input = input
    self.kernel = kernel
    self.output = output
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// What stands in front of the axes of maps that have fewer than three.
  static let single = ConvolutionAxis(input: 1, kernel: 1, output: 1)

  /// Outputs that a tap meets data for, and the place that output 0 reads: those o with 0 ≤ o · stride + offset < input.
  func reached(by tap: Int) -> (outputs: Range<Int>, offset: Int) {
    let offset = tap * dilation - padding
    let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let end = input <= offset ? 0 : (input - offset - 1) / stride + 1
    let upper = min(end, output)
    return (min(first, upper)..<upper, offset)
  }

  /// Number of taps that ever meet data; the others are multiplied by padding alone.
  package var liveTapCount: Int { (0..<kernel).count { !reached(by: $0).outputs.isEmpty } }

  /// Whether every output reads the input at its own place.
  var isPointwise: Bool { kernel == 1 && stride == 1 && padding == 0 && output == input }
}
