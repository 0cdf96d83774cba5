internal import CKernels
package import Tensors

/// The computations of `DepthwiseWindow` in Float32, over the channels of a group at a time.
///
/// Tokens whose channels fill whole groups are read and written where they lie; other maps are rearranged into groups
/// [groups, images, rows · columns, lanes] and back. Each element is summed in an order that follows from the geometry
/// alone: rows, then columns, and for the window the sums of images first to last. So it depends on neither threads nor
/// cuts, and y and dx not on the other images.
package enum DepthwiseDirect {
  /// Bytes of scratch memory: maps that are rearranged.
  package static func scratchByteCount(_ g: DepthwiseGeometry) -> Int {
    let maps = hasWholeGroups(g) ? (g.groups == 1 ? 0 : 1) : 2
    return maps * groupedCount(g) * 4
  }

  /// y, or the gradient of x from that of y where `flipped`.
  package static func convolve(
    _ x: TensorView, window: TensorView, flipped: Bool, _ g: DepthwiseGeometry, into y: TensorView,
    scratch: TensorView, _ options: KernelOptions
  ) {
    guard !g.isEmpty else { return }
    let isDirect = hasWholeGroups(g)
    let source = unsafe isDirect ? maps(x, g) : gathered(x, g, into: memory(0, of: scratch, g), options)
    let target = unsafe isDirect ? maps(y, g) : groupedMaps(memory(1, of: scratch, g), g)
    let windows = unsafe window.words(Float.self)
    let windowStride = g.windowHeight * g.windowWidth * DepthwiseGeometry.lanes
    // Backwards through both maps the window is turned.
    let start = flipped ? (g.mapCount - 1) * (unsafe source.column) : 0
    let step = unsafe flipped ? -source.column : source.column
    let parts = partCount(g.pairCount, limit: g.height)
    parallelFor(g.batch * g.groups * parts, threads: options.threads) { item, _ in
      let (group, b) = (item / parts % g.groups, item / parts / g.groups)
      let rows = evenPart(item % parts, of: parts, count: g.height)
      unsafe dka_depthwise_rows(
        options.level.rawValue, sizes(g), source.start(b, group) + start, windows + group * windowStride,
        target.start(b, group) + start, step, g.channels(of: group).count, rows.lowerBound, rows.upperBound)
    }
    if !isDirect { scatter(memory(1, of: scratch, g), g, into: y, options) }
  }

  /// The gradient of the windows.
  package static func windowGradient(
    _ x: TensorView, _ dy: TensorView, _ g: DepthwiseGeometry, into window: TensorView,
    scratch: TensorView, _ options: KernelOptions
  ) {
    guard !g.isEmpty else { return window.fillWithZeros() }
    let isDirect = hasWholeGroups(g)
    // The loop reads x at a fixed distance.
    let isFixed = isDirect && g.groups == 1
    let source = unsafe isFixed ? maps(x, g) : gathered(x, g, into: memory(0, of: scratch, g), options)
    let slopes = unsafe isDirect ? maps(dy, g) : gathered(dy, g, into: memory(1, of: scratch, g), options)
    let windows = unsafe window.words(Float.self)
    let rowStride = g.windowWidth * DepthwiseGeometry.lanes
    let parts = partCount(g.batch * g.pairCount, limit: g.windowHeight)
    parallelFor(g.groups * parts, threads: options.threads) { item, _ in
      let (part, group) = (item % parts, item / parts)
      // Rows far from the centre meet little data: every part gets some of them.
      for row in stride(from: part, to: g.windowHeight, by: parts) {
        unsafe dka_depthwise_taps(
          options.level.rawValue, sizes(g), source.reading(group), slopes.reading(group),
          g.channels(of: group).count, row - g.rowRadius,
          windows + (group * g.windowHeight + row) * rowStride)
      }
    }
  }

  /// Where the groups of some maps lie.
  @unsafe
  private struct Maps {
    let elements: UnsafeMutablePointer<Float>
    let image: Int
    let group: Int
    let column: Int

    func start(_ b: Int, _ index: Int) -> UnsafeMutablePointer<Float> {
      unsafe elements + (b * image + index * group)
    }

    func reading(_ index: Int) -> dka_depthwise_maps {
      unsafe dka_depthwise_maps(data: start(0, index), image_stride: image, column_stride: column)
    }
  }

  /// Whether the channels of every group stand side by side in the maps.
  private static func hasWholeGroups(_ g: DepthwiseGeometry) -> Bool {
    g.layout.channel == 1 && g.channels % DepthwiseGeometry.lanes == 0
  }

  private static func groupedCount(_ g: DepthwiseGeometry) -> Int {
    g.groups * g.batch * g.mapCount * DepthwiseGeometry.lanes
  }

  private static func maps(_ view: TensorView, _ g: DepthwiseGeometry) -> Maps {
    unsafe Maps(
      elements: view.words(Float.self) + g.layout.offset, image: g.layout.image,
      group: DepthwiseGeometry.lanes, column: g.layout.column)
  }

  private static func groupedMaps(_ memory: TensorView, _ g: DepthwiseGeometry) -> Maps {
    let image = g.mapCount * DepthwiseGeometry.lanes
    return unsafe Maps(
      elements: memory.words(Float.self), image: image, group: g.batch * image,
      column: DepthwiseGeometry.lanes)
  }

  /// The first or second grouped maps in scratch memory.
  private static func memory(_ index: Int, of scratch: TensorView, _ g: DepthwiseGeometry) -> TensorView {
    let count = groupedCount(g)
    return TensorView(
      elementType: .float32, shape: [count], storage: scratch.storage,
      byteOffset: scratch.byteOffset + index * count * 4)
  }

  /// Rearranges maps into groups; the channels that the last one lacks are zero.
  private static func gathered(
    _ view: TensorView, _ g: DepthwiseGeometry, into memory: TensorView, _ options: KernelOptions
  ) -> Maps {
    if g.channels % DepthwiseGeometry.lanes != 0 { DataMovement.clear(memory) }
    for group in 0..<g.groups {
      DataMovement.copy(
        view, block(group, g), into: memory, groupedBlock(group, g),
        extents: [g.batch, g.mapCount, g.channels(of: group).count], options)
    }
    return unsafe groupedMaps(memory, g)
  }

  /// Brings groups back into the order of the maps.
  private static func scatter(
    _ memory: TensorView, _ g: DepthwiseGeometry, into view: TensorView, _ options: KernelOptions
  ) {
    for group in 0..<g.groups {
      let (from, to) = (groupedBlock(group, g), block(group, g))
      let extents = [g.batch, g.mapCount, g.channels(of: group).count]
      // What is contiguous in the maps is innermost.
      let order = g.layout.channel == 1 ? [0, 1, 2] : [0, 2, 1]
      DataMovement.copy(
        memory, DataMovement.Block(offset: from.offset, strides: order.map { from.strides[$0] }), into: view,
        DataMovement.Block(offset: to.offset, strides: order.map { to.strides[$0] }),
        extents: order.map { extents[$0] }, options)
    }
  }

  /// A group's channels in maps, by image, place and channel.
  private static func block(_ group: Int, _ g: DepthwiseGeometry) -> DataMovement.Block {
    DataMovement.Block(
      offset: g.layout.start(0, g.channels(of: group).lowerBound),
      strides: [g.layout.image, g.layout.column, g.layout.channel])
  }

  private static func groupedBlock(_ group: Int, _ g: DepthwiseGeometry) -> DataMovement.Block {
    let image = g.mapCount * DepthwiseGeometry.lanes
    return DataMovement.Block(offset: group * g.batch * image, strides: [image, DepthwiseGeometry.lanes, 1])
  }

  private static func sizes(_ g: DepthwiseGeometry) -> dka_depthwise {
    dka_depthwise(
      images: g.batch, height: g.height, width: g.width, row_radius: g.rowRadius,
      column_radius: g.columnRadius)
  }

  /// Items for work of `pairs` multiplications per channel: each of 5 µs or more.
  private static func partCount(_ pairs: Int, limit: Int) -> Int {
    max(1, min(pairs / 16_384, limit))
  }
}

extension DepthwiseGeometry {
  fileprivate var isEmpty: Bool { batch == 0 || channels == 0 || mapCount == 0 }

  /// Pairs of places in one map that meet, or somewhat more.
  fileprivate var pairCount: Int { mapCount * min(height, windowHeight) * min(width, windowWidth) }
}
