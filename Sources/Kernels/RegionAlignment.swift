package import Tensors

/// Regions of maps brought to one size: bins of bilinear samples, forward and backward.
///
///     y[r, c, i, j] = Σ(samples s of the bin) x[image(r), c, s] / samples, or the largest of their weighted corners
///
/// Shapes: x [B, C, H, W], regions [R, 4] as x and y of two corners, y [R, C, rows, columns].
package struct RegionAlignment: Sendable {
  private let channels: Int
  private let height: Int
  private let width: Int
  private let rows: Int
  private let columns: Int
  /// Samples along each axis of a bin; 0 for as many as the bin has elements.
  private let samples: Int
  private let scale: Double
  /// Whether places are counted from the middles of elements.
  private let isHalfPixel: Bool
  private let isMaximum: Bool

  /// Bins over maps [C, H, W].
  package init(
    map: Shape, rows: Int, columns: Int, samples: Int, scale: Double, isHalfPixel: Bool, isMaximum: Bool
  ) {
    (channels, height, width) = (map[0], map[1], map[2])
    (self.rows, self.columns, self.samples, self.scale) = (rows, columns, samples, scale)
    (self.isHalfPixel, self.isMaximum) = (isHalfPixel, isMaximum)
  }

  /// Computes y; each region comes with the number of its image.
  package func forward(
    _ x: TensorView, _ regions: TensorView, images: [Int], into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: forward(x, regions, images, y, options, Float.self)
    default: forward(x, regions, images, y, options, Double.self)
    }
  }

  /// Computes the gradient of the maps, of means alone.
  package func backward(
    _ dY: TensorView, _ regions: TensorView, images: [Int], into dX: TensorView, _ options: KernelOptions
  ) {
    DataMovement.clear(dX)
    switch dX.elementType {
    case .float32: backward(dY, regions, images, dX, options, Float.self)
    default: backward(dY, regions, images, dX, options, Double.self)
    }
  }

  /// Four corners around a sample, by their place in a map and their weight.
  private struct Sample {
    var corners: (Int, Int, Int, Int) = (0, 0, 0, 0)
    var weights: (Double, Double, Double, Double) = (0, 0, 0, 0)
  }

  /// The samples of a bin that meet the map, and how many it has.
  private struct Bin {
    var samples: [Sample] = []
    var count = 0
  }

  private func forward<Element: RealNumber>(
    _ x: TensorView, _ regions: TensorView, _ images: [Int], _ y: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (source, places, target) = unsafe (x.words(type), regions.words(type), y.words(type))
    let (bins, plane) = (rows * columns, height * width)
    forEachRange(images.count * bins, workPerItem: 16 * channels, options) { range in
      var bin = Bin()
      for item in range {
        let (region, place) = (item / bins, item % bins)
        unsafe fill(&bin, places + region * 4, row: place / columns, column: place % columns)
        for channel in 0..<channels {
          let map = unsafe source + (images[region] * channels + channel) * plane
          unsafe target[(region * channels + channel) * bins + place] = value(bin, map)
        }
      }
    }
  }

  private func value<Element: RealNumber>(_ bin: Bin, _ map: UnsafeMutablePointer<Element>) -> Element {
    guard !isMaximum else {
      // A sample outside the map counts as 0.
      var largest: Element? = bin.samples.count < bin.count ? 0 : nil
      for sample in bin.samples {
        let (c, w) = (sample.corners, sample.weights)
        let (top, bottom) = unsafe (
          max(Element(w.0) * map[c.0], Element(w.1) * map[c.1]),
          max(Element(w.2) * map[c.2], Element(w.3) * map[c.3])
        )
        largest = max(largest ?? -.infinity, max(top, bottom))
      }
      return largest ?? 0
    }
    var sum: Element = 0
    for sample in bin.samples {
      let (c, w) = (sample.corners, sample.weights)
      unsafe sum += Element(w.0) * map[c.0] + Element(w.1) * map[c.1]
      unsafe sum += Element(w.2) * map[c.2] + Element(w.3) * map[c.3]
    }
    return sum / Element(max(bin.count, 1))
  }

  private func backward<Element: RealNumber>(
    _ dY: TensorView, _ regions: TensorView, _ images: [Int], _ dX: TensorView, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (flow, places, target) = unsafe (dY.words(type), regions.words(type), dX.words(type))
    let (bins, plane) = (rows * columns, height * width)
    forEachRange(channels, workPerItem: 16 * images.count * bins, options) { range in
      var bin = Bin()
      for item in 0..<(images.count * bins) {
        let (region, place) = (item / bins, item % bins)
        unsafe fill(&bin, places + region * 4, row: place / columns, column: place % columns)
        for channel in range {
          let map = unsafe target + (images[region] * channels + channel) * plane
          let share = unsafe flow[(region * channels + channel) * bins + place] / Element(max(bin.count, 1))
          for sample in bin.samples {
            let (c, w) = (sample.corners, sample.weights)
            unsafe map[c.0] += Element(w.0) * share
            unsafe map[c.1] += Element(w.1) * share
            unsafe map[c.2] += Element(w.2) * share
            unsafe map[c.3] += Element(w.3) * share
          }
        }
      }
    }
  }

  /// The samples of one bin of a region.
  private func fill<Element: RealNumber>(
    _ bin: inout Bin, _ region: UnsafeMutablePointer<Element>, row: Int, column: Int
  ) {
    let offset = isHalfPixel ? 0.5 : 0
    let corners = (0..<4).map { unsafe Double(region[$0]) * scale - offset }
    let vertical = axis(corners[1], corners[3], bins: rows, bin: row, extent: height)
    let horizontal = axis(corners[0], corners[2], bins: columns, bin: column, extent: width)
    bin.samples.removeAll(keepingCapacity: true)
    bin.count = vertical.count * horizontal.count
    for y in vertical.places {
      for x in horizontal.places {
        bin.samples.append(sample(y, x))
      }
    }
  }

  /// The places of a bin's samples along one axis that meet the map, and how many there are.
  private func axis(_ start: Double, _ end: Double, bins: Int, bin: Int, extent: Int) -> (
    places: [Double], count: Int
  ) {
    var length = end - start
    // Without half pixels a region has at least one element.
    if !isHalfPixel { length = max(length, 1) }
    let size = length / Double(bins)
    let count = samples > 0 ? samples : Int(min(max(size.rounded(.up), 0), 0x1p31))
    guard count > 0 else { return ([], 0) }
    let first = start + Double(bin) * size
    let step = size / Double(count)
    // Those that lie within −1 … extent; a region may be far larger than the map.
    var range = 0..<count
    if step > 0 {
      let before = ((-1 - first) / step - 0.5).rounded(.up)
      let behind = ((Double(extent) - first) / step - 0.5).rounded(.down)
      range = Int(min(max(before, 0), Double(count)))..<count
      range = range.clamped(to: 0..<Int(min(max(behind + 1, 0), Double(count))))
    }
    let places = range.map { first + (Double($0) + 0.5) * step }
    return (places.filter { $0 >= -1 && $0 <= Double(extent) }, count)
  }

  /// The corners around a place, which is moved into the map.
  private func sample(_ y: Double, _ x: Double) -> Sample {
    func neighbours(_ place: Double, _ extent: Int) -> (low: Int, high: Int, share: Double) {
      let inside = max(place, 0)
      let low = Int(inside)
      guard low < extent - 1 else { return (extent - 1, extent - 1, 0) }
      return (low, low + 1, inside - Double(low))
    }
    let (top, bottom, v) = neighbours(y, height)
    let (left, right, h) = neighbours(x, width)
    return Sample(
      corners: (top * width + left, top * width + right, bottom * width + left, bottom * width + right),
      weights: ((1 - v) * (1 - h), (1 - v) * h, v * (1 - h), v * h))
  }
}
