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
  /// Taps of the live window.
  package var windowCount: Int { windowHeight * windowWidth }
  /// Elements of a map.
  package var mapCount: Int { height * width }
}

/// Depthwise convolution of maps with one live window per channel, which merges any number of centred kernels.
///
///     y[b, c, i, j] = Σ(u, v) x[b, c, i + u, j + v] · m[c, u, v]        |u| ≤ row radius, |v| ≤ column radius
///     dx[b, c, i, j] = Σ(u, v) dy[b, c, i − u, j − v] · m[c, u, v]
///     dm[c, u, v] = Σ(b, i, j) dy[b, c, i, j] · x[b, c, i + u, j + v]
///
/// Letters: b images, c channels, i rows, j columns, u and v offsets of a tap from the centre; k kernel extent, s dilation.
package enum DepthwiseWindow {
  /// Adds a centred kernel [channels, 1, k, k] with dilation s to the live windows [channels, rows, columns].
  package static func merge(
    _ kernel: TensorView, dilation: Int, _ geometry: DepthwiseGeometry, into window: TensorView
  ) {
    switch kernel.elementType {
    case .float32:
      unsafe exchange(Float.self, kernel, dilation, geometry, window) { unsafe $1.pointee += $0.pointee }
    default:
      unsafe exchange(Double.self, kernel, dilation, geometry, window) { unsafe $1.pointee += $0.pointee }
    }
  }

  /// Reads the gradient of a centred kernel out of that of the live windows; idle taps get zero.
  package static func split(
    _ window: TensorView, dilation: Int, _ geometry: DepthwiseGeometry, into kernel: TensorView
  ) {
    DataMovement.clear(kernel)
    switch kernel.elementType {
    case .float32:
      unsafe exchange(Float.self, kernel, dilation, geometry, window) { unsafe $0.pointee = $1.pointee }
    default:
      unsafe exchange(Double.self, kernel, dilation, geometry, window) { unsafe $0.pointee = $1.pointee }
    }
  }

  /// Calls `body` with every live tap of a kernel and its place in the live window.
  private static func exchange<Element: Scalar>(
    _ type: Element.Type, _ kernel: TensorView, _ dilation: Int, _ g: DepthwiseGeometry,
    _ window: TensorView, _ body: (UnsafeMutablePointer<Element>, UnsafeMutablePointer<Element>) -> Void
  ) {
    let extent = kernel.shape[-1]
    let radius = (extent - 1) / 2
    let taps = unsafe kernel.buffer(of: type)
    let places = unsafe window.buffer(of: type)
    guard let taps = taps.baseAddress, let places = places.baseAddress else { return }
    for c in 0..<g.channels {
      for u in 0..<extent {
        let row = (u - radius) * dilation
        guard abs(row) <= g.rowRadius else { continue }
        for v in 0..<extent {
          let column = (v - radius) * dilation
          guard abs(column) <= g.columnRadius else { continue }
          let place = (c * g.windowHeight + row + g.rowRadius) * g.windowWidth + column + g.columnRadius
          unsafe body(taps + (c * extent + u) * extent + v, places + place)
        }
      }
    }
  }

  /// y, tap by tap: the reference, and what large maps and Float64 run.
  ///
  /// - Parameter flipped: whether the window is turned by half a turn, which gives the gradient of x from that of y.
  package static func convolve(
    _ x: TensorView, window: TensorView, flipped: Bool, _ geometry: DepthwiseGeometry, into y: TensorView
  ) {
    switch x.elementType {
    case .float32: convolve(Float.self, x, window, flipped, geometry, y)
    default: convolve(Double.self, x, window, flipped, geometry, y)
    }
  }

  /// dm, tap by tap.
  package static func windowGradient(
    _ x: TensorView, _ dy: TensorView, _ geometry: DepthwiseGeometry, into window: TensorView
  ) {
    switch x.elementType {
    case .float32: windowGradient(Float.self, x, dy, geometry, window)
    default: windowGradient(Double.self, x, dy, geometry, window)
    }
  }

  private static func convolve<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ x: TensorView, _ window: TensorView, _ flipped: Bool, _ g: DepthwiseGeometry,
    _ y: TensorView
  ) {
    let x = unsafe x.buffer(of: type)
    let y = unsafe y.buffer(of: type)
    let m = unsafe window.buffer(of: type)
    let step = g.layout.column
    for b in 0..<g.batch {
      for c in 0..<g.channels {
        let start = g.layout.start(b, c)
        for position in 0..<g.mapCount { unsafe y[start + position * step] = 0 }
        for u in -g.rowRadius...g.rowRadius {
          for v in -g.columnRadius...g.columnRadius {
            let place = (flipped ? -u : u) + g.rowRadius
            let tap = unsafe m[
              (c * g.windowHeight + place) * g.windowWidth + (flipped ? -v : v) + g.columnRadius]
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

  private static func windowGradient<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ x: TensorView, _ dy: TensorView, _ g: DepthwiseGeometry, _ window: TensorView
  ) {
    let x = unsafe x.buffer(of: type)
    let dy = unsafe dy.buffer(of: type)
    let m = unsafe window.buffer(of: type)
    let step = g.layout.column
    for c in 0..<g.channels {
      for u in -g.rowRadius...g.rowRadius {
        for v in -g.columnRadius...g.columnRadius {
          var sum: Element = 0
          let columns = max(0, -v)..<min(g.width, g.width - v)
          for b in 0..<g.batch {
            let start = g.layout.start(b, c)
            for i in max(0, -u)..<min(g.height, g.height - u) {
              let target = start + i * g.width * step
              let source = start + (i + u) * g.width * step + v * step
              for j in columns { unsafe sum += dy[target + j * step] * x[source + j * step] }
            }
          }
          unsafe m[(c * g.windowHeight + u + g.rowRadius) * g.windowWidth + v + g.columnRadius] = sum
        }
      }
    }
  }
}
