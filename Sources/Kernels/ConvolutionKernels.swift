package import Tensors

/// The kernels of a convolution rearranged once for maps with channels last, for one pass and one processor level.
///
/// Per phase and group the matrix [taps · channels read, channels made], packed; of depthwise convolutions per phase the
/// taps' channels side by side.
package final class ConvolutionKernels: Sendable {
  let matrices: [[PackedMatrix]]
  let taps: [[Float]]

  /// Rearranges w [M, C/group, KH, KW].
  ///
  /// - Throws: `StorageError` where the system refuses the memory.
  package init(_ w: TensorView, _ pass: Convolution.Pass, _ g: ConvolutionGeometry, _ options: KernelOptions)
    throws(StorageError)
  {
    let weights = unsafe UnsafePointer(w.words(Float.self))
    let phases = ConvolutionPhase.all(of: pass, g)
    guard !g.isDepthwise else {
      matrices = []
      taps = phases.map { phase in
        unsafe [Float](unsafeUninitializedCapacity: phase.tapCount * g.groups) { buffer, count in
          count = phase.tapCount * g.groups
          if let target = buffer.baseAddress { unsafe Self.arrangeTaps(weights, phase, g, into: target) }
        }
      }
      return
    }
    taps = []
    var matrices: [[PackedMatrix]] = []
    for phase in phases {
      let size = Self.size(phase, pass, g)
      let plain = try Storage(byteCount: max(size.depth * size.columns, 1) * 4)
      let matrix = unsafe plain.base.assumingMemoryBound(to: Float.self)
      var groups: [PackedMatrix] = []
      for group in 0..<g.groups {
        unsafe Self.arrange(weights, phase, pass, group, g, into: matrix, options)
        groups.append(
          try unsafe PackedMatrix(
            MatrixView(matrix, rowStride: size.columns), k: size.depth, n: size.columns, options: options))
      }
      matrices.append(groups)
    }
    self.matrices = matrices
  }

  /// Bytes that this takes.
  package static func byteCount(
    _ pass: Convolution.Pass, _ g: ConvolutionGeometry, _ options: KernelOptions
  ) -> Int {
    ConvolutionPhase.all(of: pass, g).reduce(0) { total, phase in
      let size = size(phase, pass, g)
      let floats =
        g.isDepthwise
        ? phase.tapCount * g.groups
        : Int.boundedProduct(
          g.groups, PackedMatrix.count(k: size.depth, n: size.columns, level: options.level))
      return min(total + Int.boundedProduct(floats, 4), .addressable)
    }
  }

  /// Rows and columns of the matrix of a phase and group.
  static func size(_ phase: ConvolutionPhase, _ pass: Convolution.Pass, _ g: ConvolutionGeometry) -> (
    depth: Int, columns: Int
  ) {
    pass == .input
      ? (phase.tapCount * g.filters, g.channels) : (phase.tapCount * g.channels, g.filters)
  }

  /// Writes the matrix of a phase and group, row by row.
  static func arrange(
    _ w: UnsafePointer<Float>, _ phase: ConvolutionPhase, _ pass: Convolution.Pass, _ group: Int,
    _ g: ConvolutionGeometry, into matrix: UnsafeMutablePointer<Float>, _ options: KernelOptions
  ) {
    let (depth, columns) = size(phase, pass, g)
    let read = pass == .input ? g.filters : g.channels
    let kernels = unsafe w + group * g.filters * g.channels * g.tapCount
    // Elements of the kernels between neighbouring channels that are read, and that are made.
    let (inner, outer) =
      pass == .input ? (g.channels * g.tapCount, g.tapCount) : (g.tapCount, g.channels * g.tapCount)
    forEachRange(depth, workPerItem: columns, options) { range in
      for row in range {
        let (tap, channel) = row.quotientAndRemainder(dividingBy: read)
        let (u, v) = tap.quotientAndRemainder(dividingBy: phase.columns.tapCount)
        let source =
          unsafe kernels + phase.rows.tap(u) * g.width.kernel + phase.columns.tap(v) + channel * inner
        let target = unsafe matrix + row * columns
        for column in 0..<columns { unsafe target[column] = source[column * outer] }
      }
    }
  }

  /// Writes the taps of a depthwise convolution that a phase reads, the channels of each side by side.
  static func arrangeTaps(
    _ w: UnsafePointer<Float>, _ phase: ConvolutionPhase, _ g: ConvolutionGeometry,
    into taps: UnsafeMutablePointer<Float>
  ) {
    var target = unsafe taps
    for u in 0..<phase.rows.tapCount {
      for v in 0..<phase.columns.tapCount {
        let source = unsafe w + phase.rows.tap(u) * g.width.kernel + phase.columns.tap(v)
        for channel in 0..<g.groups { unsafe target[channel] = source[channel * g.tapCount] }
        unsafe target += g.groups
      }
    }
  }
}
