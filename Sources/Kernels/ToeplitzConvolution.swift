import Tensors

/// Depthwise convolution of small maps as one product per channel with the matrix of all pairs of positions.
///
///     T[o, i] = w[iy − oy + p, ix − ox + p], zero outside the kernel
///     y = x · Tᵀ          dx = dy · T          dT = dyᵀ · x, folded back onto the taps
///
/// Shapes, per channel: x [B, H·W], y [B, OH·OW], T [OH·OW, H·W]. On a map that the kernel covers, no element of T is wasted.
enum ToeplitzConvolution {
  /// Bytes of scratch memory per thread: T and what its products pack.
  static func scratchByteCount(_ g: ConvolutionGeometry, _ type: ElementType, _ options: KernelOptions) -> Int
  {
    let packing = Convolution.Pass.allCases.map { Product.scratchByteCount(size($0, g), type, options) }
    return matrixByteCount(g, type) + (packing.max() ?? 0)
  }

  private static func matrixByteCount(_ g: ConvolutionGeometry, _ type: ElementType) -> Int {
    (g.inputSize * g.outputSize * (type.byteCount(of: 1) ?? 0) + 63) / 64 * 64
  }

  private static func size(_ pass: Convolution.Pass, _ g: ConvolutionGeometry) -> Product.Size {
    switch pass {
    case .forward: Product.Size(m: g.batch, n: g.outputSize, k: g.inputSize)
    case .input: Product.Size(m: g.batch, n: g.inputSize, k: g.outputSize)
    case .weight: Product.Size(m: g.outputSize, n: g.inputSize, k: g.batch)
    }
  }

  /// Computes y, the gradient of x or the gradient of w from the two others.
  static func run<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Convolution.Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry, _ scratch: TensorView,
    _ options: KernelOptions
  ) {
    let (inputs, outputs) = (g.inputSize, g.outputSize)
    let single = KernelOptions(threads: 1, level: options.level)
    let perWorker = scratchByteCount(g, Element.elementType, single)
    let memory = unsafe scratch.pointer
    parallelFor(g.groups, threads: options.threads) { channel, worker in
      let own = unsafe memory + worker * perWorker
      let toeplitz = unsafe own.assumingMemoryBound(to: Element.self)
      let workspace = unsafe Product.Workspace(own + matrixByteCount(g, Element.elementType), single)
      let kernel = unsafe w + channel * g.tapCount
      let maps = unsafe x + channel * inputs
      let results = unsafe y + channel * outputs
      switch pass {
      case .forward:
        unsafe expand(kernel, g, into: toeplitz)
        unsafe Product.multiply(
          StridedMatrix(maps, rowStride: g.groups * inputs, columnStride: 1),
          StridedMatrix(toeplitz, rowStride: 1, columnStride: inputs), into: results,
          rowStride: g.groups * outputs, size(pass, g), accumulates: false, workspace)
      case .input:
        unsafe expand(kernel, g, into: toeplitz)
        unsafe Product.multiply(
          StridedMatrix(results, rowStride: g.groups * outputs, columnStride: 1),
          StridedMatrix(toeplitz, rowStride: inputs, columnStride: 1), into: maps,
          rowStride: g.groups * inputs, size(pass, g), accumulates: false, workspace)
      case .weight:
        unsafe Product.multiply(
          StridedMatrix(results, rowStride: 1, columnStride: g.groups * outputs),
          StridedMatrix(maps, rowStride: g.groups * inputs, columnStride: 1), into: toeplitz,
          rowStride: inputs, size(pass, g), accumulates: false, workspace)
        unsafe fold(toeplitz, g, into: kernel)
      }
    }
  }

  private static func expand<Element: Scalar & BinaryFloatingPoint>(
    _ kernel: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    into toeplitz: UnsafeMutablePointer<Element>
  ) {
    unsafe toeplitz.update(repeating: 0, count: g.inputSize * g.outputSize)
    forEachRun(g) { place, tap, count in
      unsafe (toeplitz + place).update(from: kernel + tap, count: count)
    }
  }

  private static func fold<Element: Scalar & BinaryFloatingPoint>(
    _ toeplitz: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    into kernel: UnsafeMutablePointer<Element>
  ) {
    unsafe kernel.update(repeating: 0, count: g.tapCount)
    forEachRun(g) { place, tap, count in
      for i in 0..<count { unsafe kernel[tap + i] += toeplitz[place + i] }
    }
  }

  /// Every run of taps along a kernel row that an output meets on an input row: place in T, first tap, count.
  @inline(__always)
  private static func forEachRun(_ g: ConvolutionGeometry, _ body: (Int, Int, Int) -> Void) {
    for oy in 0..<g.output.height {
      for ox in 0..<g.output.width {
        let row = (oy * g.output.width + ox) * g.inputSize
        // Input column ix meets tap ix − ox + p.
        let shift = g.padding.1 - ox
        let first = max(0, -shift)
        let end = min(g.input.width, g.kernel.width - shift)
        guard first < end else { continue }
        for iy in 0..<g.input.height {
          let tap = iy - oy + g.padding.0
          guard tap >= 0, tap < g.kernel.height else { continue }
          body(row + iy * g.input.width + first, tap * g.kernel.width + first + shift, end - first)
        }
      }
    }
  }
}
