package import Tensors

/// Convolution (cross-correlation) of maps with kernels, forward and backward.
///
///     y[b, m, i, j] = Σ(c, u, v) x[b, c, i · s + u · d − p, j · s + v · d − p] · w[m, c, u, v]
///
/// Shapes, per group: x [B, C, H, W], w [M, C, KH, KW] → y [B, M, OH, OW].
/// Depthwise convolutions run as Toeplitz products or directly over live taps, all others as a product of the kernel matrix
/// with the map's columns. Every output is summed in an order that depends on the geometry of one image alone.
package enum Convolution {
  /// Bytes of scratch memory that the three functions need.
  package static func scratchByteCount(_ g: ConvolutionGeometry, _ type: ElementType) -> Int {
    let width = type.byteCount(of: 1) ?? 0
    if g.usesToeplitz { return ToeplitzConvolution.scratchElements(g) * width }
    return g.isDepthwise || g.isPointwise ? 0 : g.channels * g.tapCount * g.outputSize * width
  }

  /// y = x ∗ w
  package static func forward(
    _ x: TensorView, _ w: TensorView, _ g: ConvolutionGeometry, into y: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: run(.forward, x, w, y, g, scratch, Float.self)
    default: run(.forward, x, w, y, g, scratch, Double.self)
    }
  }

  /// The gradient of x: every output position gives back its gradient along the taps it read.
  package static func inputGradient(
    _ dY: TensorView, _ w: TensorView, _ g: ConvolutionGeometry, into dX: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch dY.elementType {
    case .float32: run(.input, dX, w, dY, g, scratch, Float.self)
    default: run(.input, dX, w, dY, g, scratch, Double.self)
    }
  }

  /// The gradient of w, summed over images in order; taps that never meet data get zero.
  package static func weightGradient(
    _ dY: TensorView, _ x: TensorView, _ g: ConvolutionGeometry, into dW: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch dY.elementType {
    case .float32: run(.weight, x, dW, dY, g, scratch, Float.self)
    default: run(.weight, x, dW, dY, g, scratch, Double.self)
    }
  }

  /// Which of the three arrays is computed from the two others.
  enum Pass {
    case forward
    case input
    case weight
  }

  private static func run<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Pass, _ x: TensorView, _ w: TensorView, _ y: TensorView, _ g: ConvolutionGeometry,
    _ scratch: TensorView?, _ type: Element.Type
  ) {
    let (x, w, y) = unsafe (x.words(type), w.words(type), y.words(type))
    let memory = unsafe scratch?.words(type)
    if g.usesToeplitz, let memory = unsafe memory {
      unsafe ToeplitzConvolution.run(pass, x, w, y, g, memory)
    } else if g.isDepthwise {
      unsafe TapwiseDepthwise.run(pass, x, w, y, g)
    } else {
      unsafe columns(pass, x, w, y, g, memory)
    }
  }

  /// Products with the columns of each image and group: one row per channel and tap, one column per output position.
  private static func columns<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry, _ scratch: UnsafeMutablePointer<Element>?
  ) {
    let depth = g.channels * g.tapCount
    let positions = g.outputSize
    if pass == .weight, g.batch == 0 { unsafe w.update(repeating: 0, count: g.groups * g.filters * depth) }
    for image in 0..<g.batch {
      for group in 0..<g.groups {
        let index = image * g.groups + group
        let map = unsafe x + index * g.channels * g.inputSize
        let result = unsafe y + index * g.filters * positions
        let kernels = unsafe w + group * g.filters * depth
        let columns = unsafe scratch ?? map
        if pass != .input, let scratch = unsafe scratch { unsafe gatherColumns(map, g, into: scratch) }
        let columnMatrix = unsafe StridedMatrix(columns, rowStride: positions, columnStride: 1)
        switch pass {
        case .forward:
          unsafe Product.multiply(
            StridedMatrix(kernels, rowStride: depth, columnStride: 1), columnMatrix, into: result,
            rowStride: positions, Product.Size(m: g.filters, n: positions, k: depth), accumulates: false)
        case .input:
          unsafe Product.multiply(
            StridedMatrix(kernels, rowStride: 1, columnStride: depth),
            StridedMatrix(result, rowStride: positions, columnStride: 1), into: columns,
            rowStride: positions, Product.Size(m: depth, n: positions, k: g.filters), accumulates: false)
          if let scratch = unsafe scratch { unsafe addColumns(scratch, g, into: map) }
        case .weight:
          unsafe Product.multiply(
            StridedMatrix(result, rowStride: positions, columnStride: 1),
            StridedMatrix(columns, rowStride: 1, columnStride: positions), into: kernels, rowStride: depth,
            Product.Size(m: g.filters, n: depth, k: positions), accumulates: image > 0)
        }
      }
    }
  }

  private static func gatherColumns<Element: Scalar & BinaryFloatingPoint>(
    _ map: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    into columns: UnsafeMutablePointer<Element>
  ) {
    unsafe columns.update(repeating: 0, count: g.channels * g.tapCount * g.outputSize)
    forEachRun(g) { column, source, count, step in
      for i in 0..<count { unsafe columns[column + i] = map[source + i * step] }
    }
  }

  private static func addColumns<Element: Scalar & BinaryFloatingPoint>(
    _ columns: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    into map: UnsafeMutablePointer<Element>
  ) {
    unsafe map.update(repeating: 0, count: g.channels * g.inputSize)
    forEachRun(g) { column, source, count, step in
      for i in 0..<count { unsafe map[source + i * step] += columns[column + i] }
    }
  }

  /// Every run of output columns that a tap meets data for: its place in the columns and in the map.
  @inline(__always)
  private static func forEachRun(_ g: ConvolutionGeometry, _ body: (Int, Int, Int, Int) -> Void) {
    for channel in 0..<g.channels {
      for u in 0..<g.kernel.height {
        let rows = g.rows(u)
        for v in 0..<g.kernel.width {
          let line = g.columns(v)
          let row = ((channel * g.kernel.height + u) * g.kernel.width + v) * g.outputSize
          for i in rows.outputs {
            let source =
              (channel * g.input.height + i * g.stride.0 + rows.offset) * g.input.width
              + line.outputs.lowerBound * g.stride.1 + line.offset
            body(
              row + i * g.output.width + line.outputs.lowerBound, source, line.outputs.count, g.stride.1)
          }
        }
      }
    }
  }
}
