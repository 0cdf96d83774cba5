internal import CKernels
import Tensors

/// Depthwise convolution of Float32 maps with small kernels, and its gradient by the map where the stride is 1.
///
/// The C kernel makes rows of one map at a time as vectors of columns. Its bits are those of `TapwiseDepthwise` at every
/// level, which also takes kernels that are not finite: their padding must be left out.
enum PlaneConvolution {
  /// Whether it computes a pass of a geometry.
  static func computes(_ pass: Convolution.Pass, _ g: ConvolutionGeometry, _ type: ElementType) -> Bool {
    switch pass {
    case .forward: type == .float32 && fits(g)
    case .input: type == .float32 && fits(g) && g.stride == (1, 1)
    case .weight: false
    }
  }

  /// Bytes of scratch memory: a band of a padded map per thread.
  static func scratchByteCount(_ g: ConvolutionGeometry, _ type: ElementType, _ options: KernelOptions) -> Int
  {
    let passes = Convolution.Pass.allCases.filter { computes($0, g, type) }
    return options.threads * (passes.map { bandByteCount(plane($0, g)) }.max() ?? 0)
  }

  /// Computes y, with a number per channel where there is `bias`, or the gradient of x.
  static func run(
    _ pass: Convolution.Pass, _ x: TensorView, _ w: TensorView, _ bias: TensorView?, _ y: TensorView,
    _ g: ConvolutionGeometry, _ scratch: TensorView, _ options: KernelOptions
  ) {
    let (maps, results) = unsafe (x.words(Float.self), y.words(Float.self))
    let kernels = unsafe w.words(Float.self)
    guard (0..<w.count).allSatisfy({ unsafe kernels[$0].isFinite }) else {
      unsafe TapwiseDepthwise.run(pass, maps, kernels, results, g, options)
      if let bias { ChannelSum.add(bias, to: y, options) }
      return
    }
    let plane = plane(pass, g)
    let (source, target) = unsafe pass == .forward ? (maps, results) : (results, maps)
    let (read, written) = (plane.height * plane.width, plane.rows * plane.columns)
    let sums = unsafe bias?.words(Float.self)
    let memory = unsafe scratch.words(Float.self)
    let floats = bandByteCount(plane) / 4
    let count = g.batch * g.groups
    let parts = partCount(count, work: g.tapCount * written, options)
    parallelFor(parts, threads: options.threads) { part, worker in
      for map in evenPart(part, of: parts, count: count) {
        let channel = map % g.groups
        unsafe withUnsafePointer(to: plane) { plane in
          unsafe dka_plane_convolve(
            options.level.rawValue, plane, source + map * read, kernels + channel * g.tapCount,
            sums.map { unsafe $0 + channel }, target + map * written, memory + worker * floats)
        }
      }
    }
  }

  /// Small kernels, with steps and widths that keep a band of the map small.
  private static func fits(_ g: ConvolutionGeometry) -> Bool {
    g.isDepthwise && !g.usesToeplitz && !g.usesRowToeplitz && g.tapCount <= Int(DKA_PLANE_TAPS)
      && max(g.stride.0, g.stride.1, g.dilation.0, g.dilation.1) <= 4
      && max(g.input.width, g.output.width) < 1 << 20 && g.inputSize > 0
  }

  /// The sizes of one map's convolution; the gradient's kernel is turned by half a turn.
  private static func plane(_ pass: Convolution.Pass, _ g: ConvolutionGeometry) -> dka_plane {
    var plane = dka_plane()
    let isForward = pass == .forward
    let (source, target) = isForward ? (g.input, g.output) : (g.output, g.input)
    (plane.height, plane.width) = source
    (plane.rows, plane.columns) = target
    (plane.kernel_height, plane.kernel_width) = g.kernel
    (plane.row_stride, plane.column_stride) = g.stride
    (plane.row_dilation, plane.column_dilation) = g.dilation
    plane.top = isForward ? g.padding.0 : (g.kernel.height - 1) * g.dilation.0 - g.padding.0
    plane.left = isForward ? g.padding.1 : (g.kernel.width - 1) * g.dilation.1 - g.padding.1
    plane.turned = !isForward
    return plane
  }

  private static func bandByteCount(_ plane: dka_plane) -> Int {
    let floats = unsafe withUnsafePointer(to: plane) { unsafe dka_plane_scratch_size($0) }
    return (floats + 15) / 16 * 64
  }

  /// Parts for maps of `work` multiplications each: some 20 µs or more, and enough for threads to even out.
  private static func partCount(_ count: Int, work: Int, _ options: KernelOptions) -> Int {
    let worthwhile = Int(min(Double(count) * Double(work) / 131_072, Double(options.threads * 4)))
    return options.threads == 1 ? 1 : max(1, min(worthwhile, count))
  }
}
