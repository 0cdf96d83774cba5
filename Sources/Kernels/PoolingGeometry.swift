/// Windows of pooling along three axes; maps with fewer axes have extents of one in front.
package struct PoolingGeometry: Hashable, Sendable {
  /// Windows along one axis.
  package struct Axis: Hashable, Sendable {
    /// Extent of the map.
    package let input: Int
    /// Taps of a window.
    package let kernel: Int
    /// Number of windows.
    package let output: Int
    /// Distance of windows.
    package let stride: Int
    /// Distance of taps.
    package let dilation: Int
    /// Elements of padding in front.
    package let before: Int
    /// Elements of padding behind.
    package let behind: Int

    /// Windows of an axis.
    package init(
      input: Int, kernel: Int, output: Int, stride: Int, dilation: Int, before: Int, behind: Int
    ) {
      self.input = input
      self.kernel = kernel
      self.output = output
      self.stride = stride
      self.dilation = dilation
      self.before = before
      self.behind = behind
    }

    /// An axis of one element.
    package static let single = Axis(
      input: 1, kernel: 1, output: 1, stride: 1, dilation: 1, before: 0, behind: 0)

    /// Position of a tap of a window; outside of the map in padding.
    @inline(__always)
    func position(_ window: Int, _ tap: Int) -> Int { window * stride + tap * dilation - before }

    /// Taps of a window that lie in the map; none where all of it is padding.
    func taps(of window: Int) -> Range<Int> {
      let start = position(window, 0)
      let first = start < 0 ? (dilation - 1 - start) / dilation : 0
      let end = start < input ? min(kernel, (input - 1 - start) / dilation + 1) : 0
      return first < end ? first..<end : 0..<0
    }

    /// `taps(of:)` of each window.
    var windowTaps: [Range<Int>] { (0..<output).map(taps) }

    /// Taps of a window that lie in the map or in padding, not behind both.
    func paddedTaps(of window: Int) -> Int {
      let reach = input + before + behind - window * stride
      return reach > 0 ? min(kernel, (reach - 1) / dilation + 1) : 0
    }
  }

  /// Number of maps: images times channels.
  package let planes: Int
  /// Depth, rows and columns.
  package let axes: [Axis]

  /// Windows over maps of one to three axes.
  package init(planes: Int, axes: [Axis]) {
    precondition((1...3).contains(axes.count), "pooling is over one to three axes")
    self.planes = planes
    self.axes = [Axis](repeating: .single, count: 3 - axes.count) + axes
  }

  /// Elements of a map.
  package var inputCount: Int { axes.reduce(1) { $0 * $1.input } }
  /// Results of a map.
  package var outputCount: Int { axes.reduce(1) { $0 * $1.output } }
  /// Taps of a window.
  package var tapCount: Int { axes.reduce(1) { $0 * $1.kernel } }

  /// Elements of scratch memory that a thread needs: a row of the map.
  package var rowCount: Int { axes[2].input }
}
