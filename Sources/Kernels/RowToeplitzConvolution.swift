import Tensors

/// Depthwise convolution of larger maps as one product per map, Toeplitz along rows only.
///
/// On a map padded in rows, output row i reads one run of memory that starts at row i: the rows of the left matrix overlap.
///
///     y[i, j] = Σ(u, l) x̄[(i + u) · W + l] · T[u · W + l, j]          T[u · W + l, j] = w[u, l − j + p]
///     dx: the same with the kernel turned around          dT = Σ(images) x̄ᵀ · dy, folded back onto the taps
///
/// Kernel rows that never meet data are left out. Shapes, per map: x [H, W], x̄ [OH + KH − 1, W], T [KH · W, OW], y [OH, OW].
enum RowToeplitzConvolution {
  /// A correlation from one map to another: forward, or backward with the kernel turned around.
  private struct Direction {
    let source: (height: Int, width: Int)
    let target: (height: Int, width: Int)
    let kernel: (height: Int, width: Int)
    let padding: (Int, Int)
    let turnsKernel: Bool

    init(_ pass: Convolution.Pass, _ g: ConvolutionGeometry) {
      kernel = g.kernel
      turnsKernel = pass == .input
      guard pass == .input else {
        (source, target, padding) = (g.input, g.output, g.padding)
        return
      }
      (source, target) = (g.output, g.input)
      padding = (g.kernel.height - 1 - g.padding.0, g.kernel.width - 1 - g.padding.1)
    }

    /// Kernel rows that meet data for some target row.
    var rows: Range<Int> {
      let first = max(0, padding.0 - target.height + 1)
      return first..<max(first, min(kernel.height, source.height + padding.0))
    }
    var depth: Int { rows.count * source.width }
    var paddedSize: Int { Int.boundedProduct(target.height + max(rows.count - 1, 0), source.width) }
    var matrixSize: Int { Int.boundedProduct(depth, target.width) }
    var product: Product.Size { Product.Size(m: target.height, n: target.width, k: depth) }
    var gradientProduct: Product.Size { Product.Size(m: depth, n: target.width, k: target.height) }

    /// Calls `body` for every run of taps along a row: place of the first in T, step there, tap, step, count.
    @inline(__always)
    func forEachRun(_ body: (Int, Int, Int, Int, Int) -> Void) {
      for (index, row) in rows.enumerated() {
        for j in 0..<target.width {
          let first = max(0, j - padding.1)
          let end = min(source.width, j - padding.1 + kernel.width)
          guard first < end else { continue }
          let tap = row * kernel.width + first - j + padding.1
          body(
            (index * source.width + first) * target.width + j, target.width,
            turnsKernel ? kernel.height * kernel.width - 1 - tap : tap, turnsKernel ? -1 : 1, end - first)
        }
      }
    }
  }

  /// Memory of one thread, in the order padded map, T, packed T, product.
  private struct Layout {
    let padded: Int
    let matrix: Int
    let packed: Int
    let product: Int

    init(_ pass: Convolution.Pass, _ g: ConvolutionGeometry, _ type: ElementType, _ options: KernelOptions) {
      let direction = Direction(pass, g)
      let width = type.byteCount(of: 1) ?? 0
      func rounded(_ elements: Int) -> Int { (elements * width + 63) / 64 * 64 }
      padded = rounded(direction.paddedSize)
      matrix = rounded(direction.matrixSize)
      let packs = type == .float32 && pass != .weight
      packed =
        packs
        ? rounded(PackedMatrix.count(k: direction.depth, n: direction.target.width, level: options.level)) : 0
      product = Product.scratchByteCount(
        pass == .weight ? direction.gradientProduct : direction.product, type, packsRight: !packs, options)
    }

    var byteCount: Int { padded + matrix + packed + product }
  }

  /// Bytes of scratch memory per thread.
  static func scratchByteCount(_ g: ConvolutionGeometry, _ type: ElementType, _ options: KernelOptions) -> Int
  {
    Convolution.Pass.allCases.map { Layout($0, g, type, options).byteCount }.max() ?? 0
  }

  /// Computes y, the gradient of x or the gradient of w from the two others.
  static func run<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Convolution.Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry, _ scratch: TensorView,
    _ options: KernelOptions
  ) {
    let single = KernelOptions(threads: 1, level: options.level)
    let perWorker = scratchByteCount(g, Element.elementType, single)
    let layout = Layout(pass, g, Element.elementType, single)
    let direction = Direction(pass, g)
    let memory = unsafe scratch.pointer
    parallelFor(g.groups, threads: options.threads) { channel, worker in
      let own = unsafe memory + worker * perWorker
      let padded = unsafe own.assumingMemoryBound(to: Element.self)
      let matrix = unsafe (own + layout.padded).assumingMemoryBound(to: Element.self)
      let packed = unsafe own + layout.padded + layout.matrix
      let workspace = unsafe Product.Workspace(packed + layout.packed, single)
      let kernel = unsafe w + channel * g.tapCount
      if pass != .weight {
        unsafe matrix.update(repeating: 0, count: direction.matrixSize)
        direction.forEachRun { place, step, tap, tapStep, count in
          for i in 0..<count { unsafe matrix[place + i * step] = kernel[tap + i * tapStep] }
        }
        unsafe pack(matrix, direction, into: packed, single)
      }
      for image in 0..<g.batch {
        let map = unsafe x + (image * g.groups + channel) * g.inputSize
        let result = unsafe y + (image * g.groups + channel) * g.outputSize
        unsafe pad(pass == .input ? result : map, direction, into: padded)
        guard pass == .weight else {
          unsafe multiply(
            padded, matrix, packed, direction, into: pass == .input ? map : result, workspace)
          continue
        }
        unsafe Product.multiply(
          StridedMatrix(padded, rowStride: 1, columnStride: direction.source.width),
          StridedMatrix(result, rowStride: direction.target.width, columnStride: 1), into: matrix,
          rowStride: direction.target.width, direction.gradientProduct, accumulates: image > 0, workspace)
      }
      if pass == .weight {
        unsafe kernel.update(repeating: 0, count: g.tapCount)
        guard g.batch > 0 else { return }
        direction.forEachRun { place, step, tap, tapStep, count in
          for i in 0..<count { unsafe kernel[tap + i * tapStep] += matrix[place + i * step] }
        }
      }
    }
  }

  /// Rows of the map, with rows of zeros where the live kernel rows reach beyond it.
  private static func pad<Element: BinaryFloatingPoint>(
    _ map: UnsafeMutablePointer<Element>, _ direction: Direction, into padded: UnsafeMutablePointer<Element>
  ) {
    unsafe padded.update(repeating: 0, count: direction.paddedSize)
    let width = direction.source.width
    // Row r of the padded map is row r + shift of the map.
    let shift = direction.rows.lowerBound - direction.padding.0
    let first = max(0, -shift)
    let end = min(direction.paddedSize / max(width, 1), direction.source.height - shift)
    guard first < end else { return }
    unsafe (padded + first * width).update(from: map + (first + shift) * width, count: (end - first) * width)
  }

  private static func pack<Element: Scalar & BinaryFloatingPoint>(
    _ matrix: UnsafeMutablePointer<Element>, _ direction: Direction, into packed: UnsafeMutableRawPointer,
    _ options: KernelOptions
  ) {
    guard Element.self == Float.self else { return }
    let view = unsafe Product.view(StridedMatrix(matrix, rowStride: direction.target.width, columnStride: 1))
    unsafe PackedMatrix.pack(
      view, k: direction.depth, n: direction.target.width,
      into: packed.assumingMemoryBound(to: Float.self), options: options)
  }

  private static func multiply<Element: Scalar & BinaryFloatingPoint>(
    _ padded: UnsafeMutablePointer<Element>, _ matrix: UnsafeMutablePointer<Element>,
    _ packed: UnsafeMutableRawPointer, _ direction: Direction, into target: UnsafeMutablePointer<Element>,
    _ workspace: Product.Workspace
  ) {
    let overlapping = unsafe StridedMatrix(padded, rowStride: direction.source.width, columnStride: 1)
    let size = direction.product
    guard Element.self == Float.self else {
      return unsafe Product.multiply(
        overlapping, StridedMatrix(matrix, rowStride: size.n, columnStride: 1), into: target,
        rowStride: size.n, size, accumulates: false, workspace)
    }
    unsafe MatrixMultiplication.multiply(
      Product.view(overlapping), .memory(UnsafePointer(packed.assumingMemoryBound(to: Float.self))),
      m: size.m, n: size.n, k: size.k,
      into: UnsafeMutableRawPointer(target).assumingMemoryBound(to: Float.self), rowStride: size.n,
      scratch: workspace.memory.assumingMemoryBound(to: Float.self), options: workspace.options)
  }
}
