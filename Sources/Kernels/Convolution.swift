package import Tensors

/// Convolution (cross-correlation) of maps with kernels, forward and backward.
///
///     y[b, m, i, …] = Σ(c, u, …) x[b, c, i · s + u · d − p, …] · w[m, c, u, …]          over one to three axes
///
/// Shapes, per group: x [B, C, n…], w [M, C, k…] → y [B, M, o…].
/// A product of the kernel matrix with the map's columns, per image and group: what patches of images and Float64 run, and
/// maps of one or three axes. Maps of two axes have their channels last in Float32 (`ChannelsLastConvolution`). Every output
/// is summed in an order that depends on the geometry of one image alone.
package enum Convolution {
  /// Bytes of scratch memory that the three functions need.
  package static func scratchByteCount(
    _ g: ConvolutionGeometry, _ type: ElementType, _ options: KernelOptions
  ) -> Int {
    let single = KernelOptions(threads: 1, level: options.level)
    let columns = columnsByteCount(g, type)
    let packing = Pass.allCases.map { Product.scratchByteCount($0.size(g), type, options) }.max() ?? 0
    let packingAlone = Pass.allCases.map { Product.scratchByteCount($0.size(g), type, single) }.max() ?? 0
    // One image after the other on all threads, or several images at once on one thread each.
    return max(64, columns + packing, options.threads * (columns + packingAlone))
  }

  /// Convolves: y = x ∗ w, plus a number per filter where there is `bias`.
  package static func forward(
    _ x: TensorView, _ w: TensorView, bias: TensorView? = nil, _ g: ConvolutionGeometry,
    into y: TensorView, scratch: TensorView?, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: run(.forward, x, w, bias, y, g, scratch, options, Float.self)
    default: run(.forward, x, w, bias, y, g, scratch, options, Double.self)
    }
  }

  /// The gradient of x: every output position gives back its gradient along the taps it read.
  package static func inputGradient(
    _ dY: TensorView, _ w: TensorView, _ g: ConvolutionGeometry, into dX: TensorView,
    scratch: TensorView?, _ options: KernelOptions
  ) {
    switch dY.elementType {
    case .float32: run(.input, dX, w, nil, dY, g, scratch, options, Float.self)
    default: run(.input, dX, w, nil, dY, g, scratch, options, Double.self)
    }
  }

  /// The gradient of w, summed over images in order; taps that never meet data get zero.
  package static func weightGradient(
    _ dY: TensorView, _ x: TensorView, _ g: ConvolutionGeometry, into dW: TensorView,
    scratch: TensorView?, _ options: KernelOptions
  ) {
    switch dY.elementType {
    case .float32: run(.weight, x, dW, nil, dY, g, scratch, options, Float.self)
    default: run(.weight, x, dW, nil, dY, g, scratch, options, Double.self)
    }
  }

  /// Which of the three arrays is computed from the two others.
  package enum Pass: CaseIterable, Sendable {
    case forward
    case input
    case weight

    /// Sizes of one image's and group's product with the columns.
    func size(_ g: ConvolutionGeometry) -> Product.Size {
      let depth = g.channels * g.tapCount
      switch self {
      case .forward: return Product.Size(m: g.filters, n: g.outputSize, k: depth)
      case .input: return Product.Size(m: depth, n: g.outputSize, k: g.filters)
      case .weight: return Product.Size(m: g.filters, n: depth, k: g.outputSize)
      }
    }
  }

  private static func run<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Pass, _ x: TensorView, _ w: TensorView, _ bias: TensorView?, _ y: TensorView,
    _ g: ConvolutionGeometry, _ scratch: TensorView?, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    guard let scratch, pass != .weight || g.batch > 0 else {
      // The result may be empty or all zeros, and then there may be no memory to work in.
      DataMovement.clear(pass == .forward ? y : pass == .input ? x : w)
      if let bias { ChannelSum.add(bias, to: y, options) }
      return
    }
    unsafe columns(
      pass, x.words(type), w.words(type), bias?.words(type), y.words(type), g, scratch, options)
  }

  /// Bytes of one image's and group's columns, a multiple of 64.
  private static func columnsByteCount(_ g: ConvolutionGeometry, _ type: ElementType) -> Int {
    let width = type.byteCount(of: 1) ?? 0
    return g.isPointwise
      ? 0 : (Int.boundedProduct(g.channels, g.tapCount, g.outputSize, width) + 63) / 64 * 64
  }

  /// Products with the columns of each image and group: one row per channel and tap, one column per output position.
  private static func columns<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ bias: UnsafeMutablePointer<Element>?, _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    _ scratch: TensorView, _ options: KernelOptions
  ) {
    let items = g.batch * g.groups
    // Weight gradients are summed over images, so that only groups may run at once.
    let together = pass == .weight ? g.groups : items
    let single = KernelOptions(threads: 1, level: options.level)
    let inner = together < options.threads ? options : single
    let perWorker = scratch.byteCount / options.threads / 64 * 64
    let memory = unsafe scratch.pointer
    parallelFor(together, threads: together < options.threads ? 1 : options.threads) { item, worker in
      let workspace = unsafe memory + worker * perWorker
      guard pass == .weight else {
        return unsafe product(pass, x, w, bias, y, g, item, workspace, inner)
      }
      for image in 0..<g.batch {
        unsafe product(pass, x, w, bias, y, g, image * g.groups + item, workspace, inner)
      }
    }
  }

  /// The product of one image and group.
  private static func product<Element: Scalar & BinaryFloatingPoint>(
    _ pass: Pass, _ x: UnsafeMutablePointer<Element>, _ w: UnsafeMutablePointer<Element>,
    _ bias: UnsafeMutablePointer<Element>?, _ y: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    _ item: Int, _ memory: UnsafeMutableRawPointer, _ options: KernelOptions
  ) {
    let depth = g.channels * g.tapCount
    let positions = g.outputSize
    let map = unsafe x + item * g.channels * g.inputSize
    let result = unsafe y + item * g.filters * positions
    let kernels = unsafe w + item % g.groups * g.filters * depth
    let columns = unsafe g.isPointwise ? map : memory.assumingMemoryBound(to: Element.self)
    let workspace = unsafe Product.Workspace(memory + columnsByteCount(g, Element.elementType), options)
    if pass != .input, !g.isPointwise { unsafe gatherColumns(map, g, into: columns) }
    switch pass {
    case .forward:
      unsafe Product.multiply(
        StridedMatrix(kernels, rowStride: depth, columnStride: 1),
        StridedMatrix(columns, rowStride: positions, columnStride: 1), into: result, rowStride: positions,
        pass.size(g), rowBias: bias.map { unsafe $0 + item % g.groups * g.filters }, accumulates: false,
        workspace)
    case .input:
      unsafe Product.multiply(
        StridedMatrix(kernels, rowStride: 1, columnStride: depth),
        StridedMatrix(result, rowStride: positions, columnStride: 1), into: columns, rowStride: positions,
        pass.size(g), accumulates: false, workspace)
      if !g.isPointwise { unsafe addColumns(columns, g, into: map) }
    case .weight:
      unsafe Product.multiply(
        StridedMatrix(result, rowStride: positions, columnStride: 1),
        StridedMatrix(columns, rowStride: 1, columnStride: positions), into: kernels, rowStride: depth,
        pass.size(g), accumulates: item >= g.groups, workspace)
    }
  }

  private static func gatherColumns<Element: Scalar & BinaryFloatingPoint>(
    _ map: UnsafeMutablePointer<Element>, _ g: ConvolutionGeometry,
    into columns: UnsafeMutablePointer<Element>
  ) {
    unsafe columns.update(repeating: 0, count: g.channels * g.tapCount * g.outputSize)
    forEachRun(g) { column, source, count, step in
      if step == 1 {
        unsafe (columns + column).update(from: map + source, count: count)
      } else {
        for i in 0..<count { unsafe columns[column + i] = map[source + i * step] }
      }
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
    let (depth, height, width) = (g.depth, g.height, g.width)
    let positions = g.outputSize
    var row = 0
    for channel in 0..<g.channels {
      for t in 0..<depth.kernel {
        let planes = depth.reached(by: t)
        for u in 0..<height.kernel {
          let rows = height.reached(by: u)
          for v in 0..<width.kernel {
            let line = width.reached(by: v)
            let first = line.outputs.lowerBound
            for k in planes.outputs {
              let plane = channel * depth.input + k * depth.stride + planes.offset
              for i in rows.outputs {
                let source = (plane * height.input + i * height.stride + rows.offset) * width.input
                body(
                  row + (k * height.output + i) * width.output + first,
                  source + first * width.stride + line.offset, line.outputs.count, width.stride)
              }
            }
            row += positions
          }
        }
      }
    }
  }
}
