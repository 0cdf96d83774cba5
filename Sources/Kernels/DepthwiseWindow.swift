internal import CKernels
package import Tensors

/// Sizes and memory layout of a depthwise convolution of maps with zero padding, stride 1 and a result of the same size.
package struct DepthwiseGeometry: Hashable, Sendable {
  /// Where the elements (image, channel, row, column) of the maps lie, in elements.
  package struct Layout: Hashable, Sendable {
    /// First element.
    package var offset: Int
    /// Elements between images.
    package var image: Int
    /// Elements between channels.
    package var channel: Int
    /// Elements between columns; rows follow each other.
    package var column: Int

    /// A layout.
    package init(offset: Int, image: Int, channel: Int, column: Int) {
      self.offset = offset
      self.image = image
      self.channel = channel
      self.column = column
    }

    @inline(__always)
    func start(_ b: Int, _ c: Int) -> Int { offset + b * image + c * channel }
  }
  /// Images.
  package var batch: Int
  /// Channels.
  package var channels: Int
  /// Rows of a map.
  package var height: Int
  /// Columns of a map.
  package var width: Int
  /// Layout of both maps, which is the same for operand and result.
  package var layout: Layout
  /// Rows that the live window reaches beyond its centre.
  package var rowRadius: Int
  /// Columns that the live window reaches beyond its centre.
  package var columnRadius: Int

  /// The geometry of kernels of which `reach` gives the largest distance between centre and tap.
  ///
  /// Taps that never meet data lie outside the live window: a tap `height` rows or more from the centre is idle.
  package init(batch: Int, channels: Int, height: Int, width: Int, layout: Layout, reach: Int) {
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.layout = layout
    rowRadius = min(max(height - 1, 0), reach)
    columnRadius = min(max(width - 1, 0), reach)
  }

  /// Rows of the live window.
  package var windowHeight: Int { 2 * rowRadius + 1 }
  /// Columns of the live window.
  package var windowWidth: Int { 2 * columnRadius + 1 }
  /// Elements of a map.
  package var mapCount: Int { height * width }

  /// Channels of a group.
  package static var lanes: Int { Int(DKA_DEPTHWISE_LANES) }
  /// Groups of channels; the last is filled up with channels that nobody reads.
  package var groups: Int { (channels + Self.lanes - 1) / Self.lanes }
  /// Shape of the live windows: the channels of a group stand side by side at each tap.
  package var windowShape: Shape { Shape(windowExtents) }
  /// The extents of that shape, before anybody checked them.
  package var windowExtents: [Int] { [groups, windowHeight, windowWidth, Self.lanes] }

  /// The channels of a group.
  func channels(of group: Int) -> Range<Int> {
    group * Self.lanes..<min((group + 1) * Self.lanes, channels)
  }

  /// Where channel c has the tap (u, v) in the live windows.
  @inline(__always)
  func place(_ c: Int, _ u: Int, _ v: Int) -> Int {
    let tap = (c / Self.lanes * windowHeight + u + rowRadius) * windowWidth + v + columnRadius
    return tap * Self.lanes + c % Self.lanes
  }
}

/// Depthwise convolution of maps with one live window per channel, which merges any number of centred kernels.
///
///     y[b, c, i, j] = Σ(u, v) x[b, c, i + u, j + v] · m[c, u, v]        |u| ≤ row radius, |v| ≤ column radius
///     dx[b, c, i, j] = Σ(u, v) dy[b, c, i − u, j − v] · m[c, u, v]
///     dm[c, u, v] = Σ(b, i, j) dy[b, c, i, j] · x[b, c, i + u, j + v]
///
/// Letters: b images, c channels, i rows, j columns, u and v offsets of a tap from the centre; k kernel extent, s dilation.
/// Windows lie as `DepthwiseGeometry.windowShape` says.
package enum DepthwiseWindow {
  /// Adds a centred kernel [channels, 1, k, k] with dilation s to the live windows.
  package static func merge(
    _ kernel: TensorView, dilation: Int, _ geometry: DepthwiseGeometry, into window: TensorView,
    _ options: KernelOptions
  ) {
    switch kernel.elementType {
    case .float32: exchange(Float.self, kernel, dilation, geometry, window, merges: true, options)
    default: exchange(Double.self, kernel, dilation, geometry, window, merges: true, options)
    }
  }

  /// Reads the gradient of a centred kernel out of that of the live windows; idle taps get zero.
  package static func split(
    _ window: TensorView, dilation: Int, _ geometry: DepthwiseGeometry, into kernel: TensorView,
    _ options: KernelOptions
  ) {
    DataMovement.clear(kernel)
    switch kernel.elementType {
    case .float32: exchange(Float.self, kernel, dilation, geometry, window, merges: false, options)
    default: exchange(Double.self, kernel, dilation, geometry, window, merges: false, options)
    }
  }

  /// Adds every live tap of a kernel to its place in the live windows, or sets it to what is there.
  private static func exchange<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ kernel: TensorView, _ dilation: Int, _ g: DepthwiseGeometry,
    _ window: TensorView, merges: Bool, _ options: KernelOptions
  ) {
    let extent = kernel.shape[-1]
    let radius = (extent - 1) / 2
    let (rows, columns) = (min(radius, g.rowRadius / dilation), min(radius, g.columnRadius / dilation))
    let taps = unsafe kernel.words(type)
    let places = unsafe window.words(type)
    // A window's row is one item's.
    let count = g.groups * (2 * rows + 1)
    let parts = max(1, min(count * (2 * columns + 1) * DepthwiseGeometry.lanes / 4096, count))
    parallelFor(parts, threads: options.threads) { part, _ in
      for index in evenPart(part, of: parts, count: count) {
        let channels = g.channels(of: index / (2 * rows + 1))
        let u = index % (2 * rows + 1) - rows
        for v in -columns...columns {
          let tap = unsafe taps + ((channels.lowerBound * extent + u + radius) * extent + v + radius)
          let place = unsafe places + g.place(channels.lowerBound, u * dilation, v * dilation)
          if merges {
            for lane in 0..<channels.count { unsafe place[lane] += tap[lane * extent * extent] }
          } else {
            for lane in 0..<channels.count { unsafe tap[lane * extent * extent] = place[lane] }
          }
        }
      }
    }
  }

  /// y in Float64, tap by tap: the reference.
  ///
  /// - Parameter flipped: whether the window is turned by half a turn, which gives the gradient of x from that of y.
  package static func convolve(
    _ x: TensorView, window: TensorView, flipped: Bool, _ g: DepthwiseGeometry, into y: TensorView
  ) {
    let x = unsafe x.buffer(of: Double.self)
    let y = unsafe y.buffer(of: Double.self)
    let m = unsafe window.buffer(of: Double.self)
    let step = g.layout.column
    for b in 0..<g.batch {
      for c in 0..<g.channels {
        let start = g.layout.start(b, c)
        for position in 0..<g.mapCount { unsafe y[start + position * step] = 0 }
        for u in -g.rowRadius...g.rowRadius {
          for v in -g.columnRadius...g.columnRadius {
            let tap = unsafe m[flipped ? g.place(c, -u, -v) : g.place(c, u, v)]
            guard tap != 0 else { continue }
            let columns = max(0, -v)..<min(g.width, g.width - v)
            for i in max(0, -u)..<min(g.height, g.height - u) {
              let target = start + i * g.width * step
              let source = start + (i + u) * g.width * step + v * step
              for j in columns { unsafe y[target + j * step] += x[source + j * step] * tap }
            }
          }
        }
      }
    }
  }

  /// dm in Float64, tap by tap: the reference.
  package static func windowGradient(
    _ x: TensorView, _ dy: TensorView, _ g: DepthwiseGeometry, into window: TensorView
  ) {
    let x = unsafe x.buffer(of: Double.self)
    let dy = unsafe dy.buffer(of: Double.self)
    let m = unsafe window.buffer(of: Double.self)
    let step = g.layout.column
    for c in 0..<g.channels {
      for u in -g.rowRadius...g.rowRadius {
        for v in -g.columnRadius...g.columnRadius {
          var sum = 0.0
          let columns = max(0, -v)..<min(g.width, g.width - v)
          for b in 0..<g.batch {
            let start = g.layout.start(b, c)
            for i in max(0, -u)..<min(g.height, g.height - u) {
              let target = start + i * g.width * step
              let source = start + (i + u) * g.width * step + v * step
              for j in columns { unsafe sum += dy[target + j * step] * x[source + j * step] }
            }
          }
          unsafe m[g.place(c, u, v)] = sum
        }
      }
    }
  }
}
