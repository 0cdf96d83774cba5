internal import CKernels
import Tensors

/// The gradient of a convolution's kernels over maps whose channels lie side by side, in Float32.
///
///     dw[m, c, u, v] = Σ(b, i, j) dy[b, i, j, m] · x[b, i · s + u · d − p, j · s + v · d − p, c]
///
/// Tap by tap a product of channels with filters over all positions, whose left side is read from the maps while it is packed.
enum ChannelsLastWeightGradient {
  /// Bytes of scratch memory.
  static func scratchByteCount(_ g: ConvolutionGeometry, _ options: KernelOptions) -> Int {
    let parts = parts(g, options)
    return Int.boundedProduct(min(parts.packed + parts.sums + parts.workers, .addressable), 4)
  }

  /// Floats of the packed dy of a group, of the sums per tap, and of what the threads need.
  private static func parts(_ g: ConvolutionGeometry, _ options: KernelOptions) -> (
    packed: Int, sums: Int, workers: Int
  ) {
    func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
    let sums = padded(Int.boundedProduct(g.tapCount, g.channels, g.isDepthwise ? g.groups : g.filters))
    guard !g.isDepthwise else { return (0, sums, 0) }
    let positions = Int.boundedProduct(g.batch, g.outputSize)
    return (
      padded(PackedMatrix.count(k: positions, n: g.filters, level: options.level)), sums,
      MatrixMultiplication.scratchCount(n: g.filters, k: positions, packsRight: false, options: options)
    )
  }

  /// dw of dy and x.
  static func run(
    _ dY: TensorView, _ x: TensorView, _ g: ConvolutionGeometry, into dW: TensorView, scratch: TensorView,
    _ options: KernelOptions
  ) {
    let parts = parts(g, options)
    precondition(
      scratch.byteCount >= scratchByteCount(g, options), "a weight gradient lacks scratch memory")
    let memory = unsafe scratch.words(Float.self)
    let (maps, slopes, result) = unsafe (x.words(Float.self), dY.words(Float.self), dW.words(Float.self))
    let phase = ConvolutionPhase.all(of: .weight, g)[0]
    guard !g.isDepthwise else {
      var task = dka_channels()
      task.patches = phase.patches((g.height.input, g.width.input), channels: g.groups, placeStride: g.groups)
      let lanes = dka_channel_lanes(options.level.rawValue)
      unsafe withUnsafePointer(to: task) { task in
        let work = Int.boundedProduct(g.batch, g.outputSize, g.tapCount, lanes)
        forEachRange((g.groups + lanes - 1) / lanes, workPerItem: work, options) { range in
          for block in range {
            unsafe dka_channel_taps(
              options.level.rawValue, task, maps, slopes, g.batch, block * lanes, memory)
          }
        }
      }
      for channel in 0..<g.groups {
        for tap in 0..<g.tapCount {
          unsafe result[channel * g.tapCount + tap] = memory[tap * g.groups + channel]
        }
      }
      return
    }
    let (packed, sums) = unsafe (memory, memory + parts.packed)
    let workers = unsafe sums + parts.sums
    let positions = g.batch * g.outputSize
    let (read, made) = (g.channels * g.groups, g.filters * g.groups)
    var patches = phase.patches((g.height.input, g.width.input), channels: g.channels, placeStride: read)
    patches.turned = true
    for group in 0..<g.groups {
      unsafe PackedMatrix.pack(
        MatrixView(slopes + group * g.filters, rowStride: made), k: positions, n: g.filters, into: packed,
        options: options)
      for tap in 0..<g.tapCount {
        (patches.tap_row, patches.tap_column) = tap.quotientAndRemainder(dividingBy: g.width.kernel)
        unsafe withUnsafePointer(to: &patches) { patches in
          unsafe MatrixMultiplication.multiply(
            MatrixView(maps + group * g.channels, rowStride: 1, columnStride: read), patches: patches,
            .memory(packed), m: g.channels, n: g.filters, k: positions,
            into: sums + tap * g.channels * g.filters, rowStride: g.filters,
            epilogue: MatrixEpilogue(alpha: 1), scratch: workers, options: options)
        }
      }
      let kernels = unsafe result + group * g.filters * g.channels * g.tapCount
      forEachRange(g.filters, workPerItem: g.channels * g.tapCount, options) { range in
        for filter in range {
          for channel in 0..<g.channels {
            for tap in 0..<g.tapCount {
              unsafe kernels[(filter * g.channels + channel) * g.tapCount + tap] =
                sums[(tap * g.channels + channel) * g.filters + filter]
            }
          }
        }
      }
    }
  }
}
