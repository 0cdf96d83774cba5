internal import CKernels
package import Tensors

/// Maxima of windows of maps whose channels lie side by side.
package enum ChannelsLastPooling {
  /// y [B, OH, OW, C] = the largest element of each window of x [B, H, W, C]; NaN where there is one.
  ///
  /// Every window has an element of the map.
  package static func maximum(
    _ x: TensorView, _ geometry: PoolingGeometry, batch: Int, channels: Int, into y: TensorView,
    _ options: KernelOptions
  ) {
    let (rows, columns) = (geometry.axes[geometry.axes.count - 2], geometry.axes[geometry.axes.count - 1])
    guard x.elementType == .float32 else { return plain(x, rows, columns, batch, channels, y) }
    var task = dka_channels()
    var patches = dka_patches()
    (patches.height, patches.width, patches.rows, patches.columns) =
      (rows.input, columns.input, rows.output, columns.output)
    (patches.kernel_height, patches.kernel_width) = (rows.kernel, columns.kernel)
    (patches.place_stride, patches.channels) = (channels, channels)
    (patches.row_stride, patches.column_stride) = (rows.stride, columns.stride)
    (patches.row_dilation, patches.column_dilation) = (rows.dilation, columns.dilation)
    (patches.top, patches.left) = (rows.before, columns.before)
    task.patches = patches
    (task.result_row_stride, task.result_column_stride) = (columns.output * channels, channels)
    let (maps, results) = unsafe (x.words(Float.self), y.words(Float.self))
    let (read, made) = (rows.input * columns.input * channels, rows.output * columns.output * channels)
    unsafe withUnsafePointer(to: task) { task in
      let work = columns.output * channels * rows.kernel * columns.kernel
      forEachRange(batch * rows.output, workPerItem: work, options) { range in
        for line in range {
          let (image, row) = line.quotientAndRemainder(dividingBy: rows.output)
          unsafe dka_channels_maximum(
            options.level.rawValue, task, maps + image * read, results + image * made, row, row + 1)
        }
      }
    }
  }

  private static func plain(
    _ x: TensorView, _ rows: PoolingGeometry.Axis, _ columns: PoolingGeometry.Axis, _ batch: Int,
    _ channels: Int, _ y: TensorView
  ) {
    let (x, y) = unsafe (x.buffer(of: Double.self), y.buffer(of: Double.self))
    for i in y.indices {
      let (position, channel) = i.quotientAndRemainder(dividingBy: channels)
      let (line, column) = position.quotientAndRemainder(dividingBy: columns.output)
      let (image, row) = line.quotientAndRemainder(dividingBy: rows.output)
      var largest = -Double.infinity
      for u in rows.taps(of: row) {
        for v in columns.taps(of: column) {
          let place =
            (image * rows.input + rows.position(row, u)) * columns.input + columns.position(column, v)
          let value = unsafe x[place * channels + channel]
          if value > largest || value.isNaN { largest = value }
          if largest.isNaN { break }
        }
        if largest.isNaN { break }
      }
      unsafe y[i] = largest
    }
  }
}
