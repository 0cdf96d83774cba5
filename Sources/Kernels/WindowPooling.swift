package import Tensors

/// Maxima and means of windows of maps, and their gradients.
///
/// A result depends on its window alone, summed row by row, so bits are equal for every number of threads.
package enum WindowPooling {
  /// Where an index counts from: along rows or, in old files, along columns first.
  package enum StorageOrder: Sendable {
    case rows
    case columns
  }

  /// Bytes of scratch memory of `maximum` and `mean`.
  package static func scratchByteCount(
    _ geometry: PoolingGeometry, _ elementType: ElementType, _ options: KernelOptions
  ) -> Int {
    options.threads * (elementType.byteCount(of: geometry.rowCount) ?? 0)
  }

  /// y = the largest element of each window; NaN where there is one.
  package static func maximum(
    _ x: TensorView, _ geometry: PoolingGeometry, into y: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: maximum(x, geometry, y, scratch, options, lowest: -Float.infinity)
    case .float64: maximum(x, geometry, y, scratch, options, lowest: -Double.infinity)
    case .int8: maximum(x, geometry, y, scratch, options, lowest: Int8.min)
    default: maximum(x, geometry, y, scratch, options, lowest: UInt8.min)
    }
  }

  /// Position of the first largest element of each window in the whole of `x`, as int64.
  package static func largestIndices(
    _ x: TensorView, _ geometry: PoolingGeometry, _ order: StorageOrder, into indices: TensorView,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: largestIndices(x, geometry, order, indices, options, Float.self)
    case .float64: largestIndices(x, geometry, order, indices, options, Double.self)
    case .int8: largestIndices(x, geometry, order, indices, options, Int8.self)
    default: largestIndices(x, geometry, order, indices, options, UInt8.self)
    }
  }

  /// dx = for each window dy at its first largest element.
  package static func maximumGradient(
    _ dY: TensorView, _ x: TensorView, _ geometry: PoolingGeometry, into dX: TensorView,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: maximumGradient(dY, x, geometry, dX, options, Float.self)
    default: maximumGradient(dY, x, geometry, dX, options, Double.self)
    }
  }

  /// y = the mean of each window, over what lies in the map or over padding too.
  package static func mean(
    _ x: TensorView, _ geometry: PoolingGeometry, countsPadding: Bool, into y: TensorView,
    scratch: TensorView?, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: mean(x, geometry, countsPadding, y, scratch, options, Float.self)
    default: mean(x, geometry, countsPadding, y, scratch, options, Double.self)
    }
  }

  /// dx = for each window an equal share of dy at each of its elements.
  package static func meanGradient(
    _ dY: TensorView, _ geometry: PoolingGeometry, countsPadding: Bool, into dX: TensorView,
    _ options: KernelOptions
  ) {
    switch dY.elementType {
    case .float32: meanGradient(dY, geometry, countsPadding, dX, options, Float.self)
    default: meanGradient(dY, geometry, countsPadding, dX, options, Double.self)
    }
  }

  /// Runs a body for all maps, some at a time, on all threads.
  private static func forEachPlane(
    _ geometry: PoolingGeometry, _ options: KernelOptions, _ body: (_ plane: Int, _ worker: Int) -> Void
  ) {
    // A few thousand taps are worth a thread's while.
    let work = max(geometry.outputCount * geometry.tapCount, 1)
    let group = max(1, 16_384 / work)
    parallelFor((geometry.planes + group - 1) / group, threads: options.threads) { item, worker in
      for plane in (item * group)..<min((item + 1) * group, geometry.planes) { body(plane, worker) }
    }
  }

  /// Whether `candidate` takes the place of `best` as largest: it is larger, or the first that is no number.
  @inline(__always)
  private static func exceeds<Element: Comparable>(_ candidate: Element, _ best: Element) -> Bool {
    candidate > best || candidate != candidate && best == best
  }

  /// What `exceeds` leaves as best, by choices that the compiler makes of whole vectors.
  @inline(__always)
  private static func larger<Element: Comparable>(_ candidate: Element, _ best: Element) -> Element {
    let unlessLess = best == best ? candidate : best
    return candidate <= best ? best : unlessLess
  }

  @inline(__always)
  private static func maximum<Element: Scalar & Comparable>(
    _ x: TensorView, _ geometry: PoolingGeometry, _ y: TensorView, _ scratch: TensorView?,
    _ options: KernelOptions, lowest: Element
  ) {
    let (depth, rows, columns) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
    let columnTaps = columns.windowTaps
    forEachPlane(geometry, options) { plane, worker in
      guard let scratch else { return }
      let source = unsafe x.words(Element.self) + plane * geometry.inputCount
      let row = unsafe scratch.words(Element.self) + worker * geometry.rowCount
      var target = unsafe y.words(Element.self) + plane * geometry.outputCount
      for d in 0..<depth.output {
        let depthTaps = depth.taps(of: d)
        for i in 0..<rows.output {
          let rowTaps = rows.taps(of: i)
          unsafe row.update(repeating: lowest, count: columns.input)
          for s in depthTaps {
            for u in rowTaps {
              let line =
                unsafe source
                + (depth.position(d, s) * rows.input + rows.position(i, u)) * columns.input
              for j in 0..<columns.input { unsafe row[j] = larger(line[j], row[j]) }
            }
          }
          for j in 0..<columns.output {
            var best = lowest
            for v in columnTaps[j] {
              best = unsafe larger(row[columns.position(j, v)], best)
            }
            unsafe target[j] = best
          }
          unsafe target += columns.output
        }
      }
    }
  }

  /// Calls a body with each window's place among the results and the position of its first largest element in the map.
  ///
  /// - Parameter columnTaps: the windows' taps along columns, the same for every map.
  @inline(__always)
  private static func forEachLargest<Element: Comparable>(
    _ source: UnsafeMutablePointer<Element>, _ geometry: PoolingGeometry, _ columnTaps: [Range<Int>],
    _ body: (_ window: Int, _ depth: Int, _ row: Int, _ column: Int) -> Void
  ) {
    let (depth, rows, columns) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
    var window = 0
    for d in 0..<depth.output {
      let depthTaps = depth.taps(of: d)
      for i in 0..<rows.output {
        let rowTaps = rows.taps(of: i)
        for j in 0..<columns.output {
          var best: (value: Element, depth: Int, row: Int, column: Int)?
          for s in depthTaps {
            for u in rowTaps {
              for v in columnTaps[j] {
                let place = (depth.position(d, s), rows.position(i, u), columns.position(j, v))
                let candidate = unsafe source[(place.0 * rows.input + place.1) * columns.input + place.2]
                if best.map({ exceeds(candidate, $0.value) }) ?? true {
                  best = (candidate, place.0, place.1, place.2)
                }
              }
            }
          }
          if let best { body(window, best.depth, best.row, best.column) }
          window += 1
        }
      }
    }
  }

  @inline(__always)
  private static func largestIndices<Element: Scalar & Comparable>(
    _ x: TensorView, _ geometry: PoolingGeometry, _ order: StorageOrder, _ indices: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let (depth, rows, columns) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
    let columnTaps = columns.windowTaps
    forEachPlane(geometry, options) { plane, _ in
      let source = unsafe x.words(type) + plane * geometry.inputCount
      let target = unsafe indices.words(Int64.self) + plane * geometry.outputCount
      // A window that is all padding has no largest element.
      unsafe target.update(repeating: 0, count: geometry.outputCount)
      unsafe forEachLargest(source, geometry, columnTaps) { window, d, i, j in
        let position =
          order == .rows
          ? (d * rows.input + i) * columns.input + j : d + (i + j * rows.input) * depth.input
        unsafe target[window] = Int64(plane * geometry.inputCount + position)
      }
    }
  }

  @inline(__always)
  private static func maximumGradient<Element: RealNumber>(
    _ dY: TensorView, _ x: TensorView, _ geometry: PoolingGeometry, _ dX: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let (rows, columns) = (geometry.axes[1], geometry.axes[2])
    let columnTaps = columns.windowTaps
    forEachPlane(geometry, options) { plane, _ in
      let source = unsafe x.words(type) + plane * geometry.inputCount
      let share = unsafe dY.words(type) + plane * geometry.outputCount
      let target = unsafe dX.words(type) + plane * geometry.inputCount
      unsafe target.update(repeating: 0, count: geometry.inputCount)
      unsafe forEachLargest(source, geometry, columnTaps) { window, d, i, j in
        unsafe target[(d * rows.input + i) * columns.input + j] += share[window]
      }
    }
  }

  @inline(__always)
  private static func mean<Element: RealNumber>(
    _ x: TensorView, _ geometry: PoolingGeometry, _ countsPadding: Bool, _ y: TensorView,
    _ scratch: TensorView?, _ options: KernelOptions, _ type: Element.Type
  ) {
    let (depth, rows, columns) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
    let columnTaps = columns.windowTaps
    let columnExtents = (0..<columns.output).map { extent(columns, $0, countsPadding) }
    forEachPlane(geometry, options) { plane, worker in
      guard let scratch else { return }
      let source = unsafe x.words(type) + plane * geometry.inputCount
      let row = unsafe scratch.words(type) + worker * geometry.rowCount
      var target = unsafe y.words(type) + plane * geometry.outputCount
      for d in 0..<depth.output {
        let depthTaps = depth.taps(of: d)
        for i in 0..<rows.output {
          let rowTaps = rows.taps(of: i)
          let area = extent(depth, d, countsPadding) * extent(rows, i, countsPadding)
          unsafe row.update(repeating: 0, count: columns.input)
          for s in depthTaps {
            for u in rowTaps {
              let line =
                unsafe source
                + (depth.position(d, s) * rows.input + rows.position(i, u)) * columns.input
              for j in 0..<columns.input { unsafe row[j] += line[j] }
            }
          }
          for j in 0..<columns.output {
            var sum: Element = 0
            for v in columnTaps[j] { sum += unsafe row[columns.position(j, v)] }
            // A window that is all padding has the mean zero.
            unsafe target[j] = sum / Element(max(area * columnExtents[j], 1))
          }
          unsafe target += columns.output
        }
      }
    }
  }

  @inline(__always)
  private static func meanGradient<Element: RealNumber>(
    _ dY: TensorView, _ geometry: PoolingGeometry, _ countsPadding: Bool, _ dX: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let (depth, rows, columns) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
    let columnTaps = columns.windowTaps
    let columnExtents = (0..<columns.output).map { extent(columns, $0, countsPadding) }
    forEachPlane(geometry, options) { plane, _ in
      var source = unsafe dY.words(type) + plane * geometry.outputCount
      let target = unsafe dX.words(type) + plane * geometry.inputCount
      unsafe target.update(repeating: 0, count: geometry.inputCount)
      for d in 0..<depth.output {
        let depthTaps = depth.taps(of: d)
        for i in 0..<rows.output {
          let rowTaps = rows.taps(of: i)
          let area = extent(depth, d, countsPadding) * extent(rows, i, countsPadding)
          for j in 0..<columns.output {
            let share = unsafe source[j] / Element(max(area * columnExtents[j], 1))
            for s in depthTaps {
              for u in rowTaps {
                let line =
                  unsafe target
                  + (depth.position(d, s) * rows.input + rows.position(i, u)) * columns.input
                for v in columnTaps[j] { unsafe line[columns.position(j, v)] += share }
              }
            }
          }
          unsafe source += columns.output
        }
      }
    }
  }

  /// Elements of a window along one axis that a mean is over.
  @inline(__always)
  private static func extent(_ axis: PoolingGeometry.Axis, _ window: Int, _ countsPadding: Bool) -> Int {
    countsPadding ? axis.paddedTaps(of: window) : axis.taps(of: window).count
  }
}
