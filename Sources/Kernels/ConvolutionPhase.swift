internal import CKernels

/// Positions of a convolution's result along one axis that read the same taps, and where their sources lie.
///
/// Position i of them is `first` + i · `step` in the result and reads tap `firstTap` + k · `tapStep` at
/// i · `stride` + k · `dilation` − `padding`.
struct ConvolutionPhaseAxis: Sendable {
  let first: Int
  let step: Int
  let count: Int
  let firstTap: Int
  let tapStep: Int
  let tapCount: Int
  let stride: Int
  let dilation: Int
  let padding: Int

  /// Tap k of the phase, in the order in which their sources ascend.
  func tap(_ k: Int) -> Int { firstTap + k * tapStep }

  /// All positions of the convolution itself.
  static func forward(_ axis: ConvolutionAxis) -> [ConvolutionPhaseAxis] {
    [
      ConvolutionPhaseAxis(
        first: 0, step: 1, count: axis.output, firstTap: 0, tapStep: 1, tapCount: axis.kernel,
        stride: axis.stride, dilation: axis.dilation, padding: axis.padding)
    ]
  }

  /// The positions of its input that any tap reads, by the remainders that the stride leaves apart.
  ///
  /// Position h has its gradient from tap u of output (h + padding − u · dilation) / stride.
  static func gradient(_ axis: ConvolutionAxis) -> [ConvolutionPhaseAxis] {
    let (stride, dilation, padding) = (axis.stride, axis.dilation, axis.padding)
    // Taps a period apart read the same positions.
    var (period, rest) = (stride, dilation)
    while rest != 0 { (period, rest) = (rest, period % rest) }
    let (sourceStep, tapStep) = (dilation / period, stride / period)
    return (0..<min(stride, axis.input)).compactMap { remainder in
      guard
        let last = (max(axis.kernel - tapStep, 0)..<axis.kernel).last(where: {
          (remainder + padding - $0 * dilation) % stride == 0
        })
      else { return nil }
      return ConvolutionPhaseAxis(
        first: remainder, step: stride, count: (axis.input - remainder + stride - 1) / stride, firstTap: last,
        tapStep: -tapStep, tapCount: last / tapStep + 1, stride: 1, dilation: sourceStep,
        padding: -(remainder + padding - last * dilation) / stride)
    }
  }
}

/// Positions of a convolution's result that read the same taps: all of them, or for the gradient of its input those of one
/// remainder by the stride along each axis, where any tap reads them.
struct ConvolutionPhase: Sendable {
  let rows: ConvolutionPhaseAxis
  let columns: ConvolutionPhaseAxis

  /// Taps that each position reads.
  var tapCount: Int { rows.tapCount * columns.tapCount }
  /// Positions per image.
  var positionCount: Int { rows.count * columns.count }

  /// The phases of a pass, which together make every position of its result once that any tap reads.
  static func all(of pass: Convolution.Pass, _ g: ConvolutionGeometry) -> [ConvolutionPhase] {
    let axes = [g.height, g.width].map(
      pass == .input ? ConvolutionPhaseAxis.gradient : ConvolutionPhaseAxis.forward)
    return axes[0].flatMap { row in axes[1].map { ConvolutionPhase(rows: row, columns: $0) } }
  }

  /// Whether the phases of a pass leave out positions of its result, which no tap reads.
  static func leavesOut(_ phases: [ConvolutionPhase], of pass: Convolution.Pass, _ g: ConvolutionGeometry)
    -> Bool
  {
    pass == .input && phases.reduce(0) { $0 + $1.positionCount } < g.inputSize
  }

  /// How the phase's positions are read from maps [height, width, ·] of which `channels` of `placeStride` elements are used.
  func patches(_ map: (height: Int, width: Int), channels: Int, placeStride: Int) -> dka_patches {
    var patches = dka_patches()
    (patches.height, patches.width) = map
    (patches.rows, patches.columns) = (rows.count, columns.count)
    (patches.kernel_height, patches.kernel_width) = (rows.tapCount, columns.tapCount)
    (patches.place_stride, patches.channels) = (placeStride, channels)
    (patches.row_stride, patches.column_stride) = (rows.stride, columns.stride)
    (patches.row_dilation, patches.column_dilation) = (rows.dilation, columns.dilation)
    (patches.top, patches.left) = (rows.padding, columns.padding)
    return patches
  }
}
