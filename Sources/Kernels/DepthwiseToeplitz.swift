package import Tensors

/// Depthwise convolution of small maps by live windows as one Float32 product per channel (see `DepthwiseWindow`).
///
///     T[o, i] = m[row(i) − row(o), column(i) − column(o)]        y = x · Tᵀ        dx = dy · T        dT = dyᵀ · x
///
/// Shapes per channel: x, y [B, H·W], T [H·W, H·W]. The window covers the map nearly whole, so little of T is wasted, and
/// its rows are copies of runs of the window's.
package enum DepthwiseToeplitz {
  /// Whether maps are small enough for the matrix to repay.
  package static func isSuitable(_ g: DepthwiseGeometry, _ type: ElementType) -> Bool {
    type == .float32 && g.height <= 16 && g.width <= 16 && g.mapCount > 0
  }

  /// Bytes of scratch memory.
  package static func scratchByteCount(_ g: DepthwiseGeometry, _ options: KernelOptions) -> Int {
    options.threads * perWorkerCount(g, options) * 4
  }

  /// y, or the gradient of x from that of y where `flipped`.
  package static func convolve(
    _ x: TensorView, window: TensorView, flipped: Bool, _ g: DepthwiseGeometry, into y: TensorView,
    scratch memory: TensorView, _ options: KernelOptions
  ) {
    let scratch = unsafe memory.pointer.assumingMemoryBound(to: Float.self)
    let single = KernelOptions(threads: 1, level: options.level)
    let count = g.mapCount
    let perWorker = perWorkerCount(g, options)
    let source = unsafe x.words(Float.self)
    let target = unsafe y.words(Float.self)
    let windows = unsafe window.words(Float.self)
    parallelFor(g.channels, threads: options.threads) { channel, worker in
      let matrix = unsafe scratch + worker * perWorker
      let rows = unsafe matrix + padded(count * count)
      let inner = unsafe rows + padded(g.batch * count)
      unsafe expand(windows + channel * g.windowCount, g, into: matrix)
      let start = g.layout.start(0, channel)
      let right = unsafe MatrixView(matrix, rowStride: count)
      unsafe MatrixMultiplication.multiply(
        MatrixView(source + start, rowStride: g.layout.image, columnStride: g.layout.column),
        .plain(flipped ? right : right.transposed), m: g.batch, n: count, k: count, into: rows,
        rowStride: count, scratch: inner, options: single)
      for b in 0..<g.batch {
        let place = start + b * g.layout.image
        for i in 0..<count { unsafe target[place + i * g.layout.column] = rows[b * count + i] }
      }
    }
  }

  /// The gradient of the windows.
  package static func windowGradient(
    _ x: TensorView, _ dy: TensorView, _ g: DepthwiseGeometry, into window: TensorView,
    scratch memory: TensorView, _ options: KernelOptions
  ) {
    let scratch = unsafe memory.pointer.assumingMemoryBound(to: Float.self)
    let single = KernelOptions(threads: 1, level: options.level)
    let count = g.mapCount
    let perWorker = perWorkerCount(g, options)
    let source = unsafe x.words(Float.self)
    let slopes = unsafe dy.words(Float.self)
    let windows = unsafe window.words(Float.self)
    parallelFor(g.channels, threads: options.threads) { channel, worker in
      let matrix = unsafe scratch + worker * perWorker
      let inner = unsafe matrix + padded(count * count) + padded(g.batch * count)
      let start = g.layout.start(0, channel)
      unsafe MatrixMultiplication.multiply(
        MatrixView(slopes + start, rowStride: g.layout.column, columnStride: g.layout.image),
        .plain(MatrixView(source + start, rowStride: g.layout.image, columnStride: g.layout.column)),
        m: count, n: count, k: g.batch, into: matrix, rowStride: count, scratch: inner, options: single)
      unsafe fold(matrix, g, into: windows + channel * g.windowCount)
    }
  }

  private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  private static func perWorkerCount(_ g: DepthwiseGeometry, _ options: KernelOptions) -> Int {
    let single = KernelOptions(threads: 1, level: options.level)
    let products = [g.mapCount, g.batch].map {
      MatrixMultiplication.scratchCount(n: g.mapCount, k: $0, packsRight: true, options: single)
    }
    return padded(g.mapCount * g.mapCount) + padded(g.batch * g.mapCount) + padded(products.max() ?? 0)
  }

  private static func expand(
    _ window: UnsafeMutablePointer<Float>, _ g: DepthwiseGeometry, into matrix: UnsafeMutablePointer<Float>
  ) {
    unsafe matrix.update(repeating: 0, count: g.mapCount * g.mapCount)
    forEachRun(g) { place, tap, count in unsafe (matrix + place).update(from: window + tap, count: count) }
  }

  private static func fold(
    _ matrix: UnsafeMutablePointer<Float>, _ g: DepthwiseGeometry, into window: UnsafeMutablePointer<Float>
  ) {
    unsafe window.update(repeating: 0, count: g.windowCount)
    forEachRun(g) { place, tap, count in
      for i in 0..<count { unsafe window[tap + i] += matrix[place + i] }
    }
  }

  /// Every run of window taps that an output meets on an input row: place in T, first tap, count.
  @inline(__always)
  private static func forEachRun(_ g: DepthwiseGeometry, _ body: (Int, Int, Int) -> Void) {
    for i in 0..<g.height {
      for j in 0..<g.width {
        let row = (i * g.width + j) * g.mapCount
        let first = max(0, j - g.columnRadius)
        let count = min(g.width, j + g.columnRadius + 1) - first
        for source in max(0, i - g.rowRadius)..<min(g.height, i + g.rowRadius + 1) {
          let tap = (source - i + g.rowRadius) * g.windowWidth + first - j + g.columnRadius
          body(row + source * g.width + first, tap, count)
        }
      }
    }
  }
}
