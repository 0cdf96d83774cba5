package import Tensors

/// Elements of maps at places that a grid names, mixed from their neighbours, forward and backward.
///
///     y[b, c, p] = Σ(taps t) w(t) · x[b, c, t]          w(t) = Π of a weight per axis
///     dx[b, c, t] += w(t) · dy[b, c, p]          dgrid[b, p, a] = Σ(c, t) dy[b, c, p] · ∂w(t)/∂grid(a) · x[b, c, t]
///
/// Shapes: x [batch, channels, d…], grid [batch, o…, axes] whose last axis counts axes from the last, y [batch, channels, o…].
package struct GridSampling: Sendable {
  /// From how many neighbours along an axis an element is mixed.
  package enum Mode: Sendable {
    case nearest
    case linear
    case cubic
  }

  /// What stands outside the maps.
  package enum Padding: Sendable {
    case zeros
    case border
    case reflection
  }

  private let mode: Mode
  private let padding: Padding
  /// Whether −1 and 1 are the middles of the outermost elements rather than their outer borders.
  private let alignsCorners: Bool
  private let batch: Int
  private let channels: Int
  private let extents: [Int]
  private let positions: Int

  /// Sampling of maps of the given extents at a number of positions.
  package init(
    mode: Mode, padding: Padding, alignsCorners: Bool, batch: Int, channels: Int, extents: [Int],
    positions: Int
  ) {
    self.mode = mode
    self.padding = padding
    self.alignsCorners = alignsCorners
    self.batch = batch
    self.channels = channels
    self.extents = extents
    self.positions = positions
  }

  /// Neighbours that an element is mixed from.
  package var tapCount: Int { extents.reduce(1) { count, _ in count * tapsPerAxis } }

  private var tapsPerAxis: Int { mode == .cubic ? 4 : mode == .linear ? 2 : 1 }

  /// Computes y.
  package func forward(_ x: TensorView, _ grid: TensorView, into y: TensorView, _ options: KernelOptions) {
    switch x.elementType {
    case .float32: forward(x, grid, y, options, Float.self)
    default: forward(x, grid, y, options, Double.self)
    }
  }

  /// Computes the gradients that are wanted.
  package func backward(
    _ x: TensorView, _ grid: TensorView, _ dY: TensorView, into dX: TensorView?, _ dGrid: TensorView?,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: backward(x, grid, dY, dX, dGrid, options, Float.self)
    default: backward(x, grid, dY, dX, dGrid, options, Double.self)
    }
  }

  /// A neighbour along one axis; a position below zero is one outside, which counts as 0.
  private struct Tap {
    var position: Int
    var weight: Double
    /// Of the weight by the grid's number.
    var slope: Double
  }

  private func forward<Element: RealNumber>(
    _ x: TensorView, _ grid: TensorView, _ y: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let (source, places, target) = unsafe (x.words(type), grid.words(type), y.words(type))
    let plane = extents.reduce(1, *)
    forEachRange(batch * positions, workPerItem: channels * tapCount, options) { range in
      unsafe withTaps { taps in
        for item in range {
          let (image, position) = (item / positions, item % positions)
          unsafe fill(taps, places + item * extents.count)
          for channel in 0..<channels {
            let map = unsafe source + (image * channels + channel) * plane
            var sum: Element = 0
            unsafe forEachTap(taps, axis: nil) { offset, weight in unsafe sum += Element(weight) * map[offset]
            }
            unsafe target[(image * channels + channel) * positions + position] = sum
          }
        }
      }
    }
  }

  private func backward<Element: RealNumber>(
    _ x: TensorView, _ grid: TensorView, _ dY: TensorView, _ dX: TensorView?, _ dGrid: TensorView?,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let (source, places, flow) = unsafe (x.words(type), grid.words(type), dY.words(type))
    let plane = extents.reduce(1, *)
    if let dX {
      DataMovement.clear(dX)
      let target = unsafe dX.words(type)
      forEachRange(batch * channels, workPerItem: positions * tapCount, options) { range in
        unsafe withTaps { taps in
          for item in range {
            let map = unsafe target + item * plane
            for position in 0..<positions {
              unsafe fill(taps, places + (item / channels * positions + position) * extents.count)
              let slope = unsafe flow[item * positions + position]
              unsafe forEachTap(taps, axis: nil) { offset, weight in
                unsafe map[offset] += Element(weight) * slope
              }
            }
          }
        }
      }
    }
    guard let dGrid else { return }
    let target = unsafe dGrid.words(type)
    forEachRange(batch * positions, workPerItem: channels * tapCount * extents.count, options) { range in
      unsafe withTaps { taps in
        for item in range {
          let (image, position) = (item / positions, item % positions)
          unsafe fill(taps, places + item * extents.count)
          for axis in extents.indices {
            var sum: Element = 0
            for channel in 0..<channels {
              let map = unsafe source + (image * channels + channel) * plane
              let slope = unsafe flow[(image * channels + channel) * positions + position]
              unsafe forEachTap(taps, axis: axis) { offset, weight in
                unsafe sum += Element(weight) * map[offset] * slope
              }
            }
            unsafe target[item * extents.count + extents.count - 1 - axis] = sum
          }
        }
      }
    }
  }

  /// Memory for the taps of one position, those of an axis one after the other.
  @inline(__always)
  private func withTaps(_ body: (UnsafeMutablePointer<Tap>) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: Tap.self, capacity: extents.count * tapsPerAxis) { taps in
      if let base = taps.baseAddress { unsafe body(base) }
    }
  }

  /// Calls `body` for every combination of taps inside the map, with its place and the product of its weights, of which the one
  /// along `axis` is a slope.
  @inline(__always)
  private func forEachTap(_ taps: UnsafeMutablePointer<Tap>, axis: Int?, _ body: (Int, Double) -> Void) {
    for combination in 0..<tapCount {
      var (rest, offset, weight, stride) = (combination, 0, 1.0, 1)
      for other in extents.indices.reversed() {
        let tap = unsafe taps[other * tapsPerAxis + rest % tapsPerAxis]
        rest /= tapsPerAxis
        guard tap.position >= 0 else {
          weight = 0
          break
        }
        weight *= other == axis ? tap.slope : tap.weight
        offset += tap.position * stride
        stride *= extents[other]
      }
      if weight != 0 { body(offset, weight) }
    }
  }

  /// The taps of one position; the grid's numbers stand from the last axis to the first.
  @inline(__always)
  private func fill<Element: RealNumber>(
    _ taps: UnsafeMutablePointer<Tap>, _ place: UnsafeMutablePointer<Element>
  ) {
    for axis in extents.indices {
      let number = unsafe Double(place[extents.count - 1 - axis])
      unsafe fill(taps + axis * tapsPerAxis, at: number, extent: extents[axis])
    }
  }

  private func fill(_ taps: UnsafeMutablePointer<Tap>, at number: Double, extent: Int) {
    let width = Double(extent)
    var slope = alignsCorners ? (width - 1) / 2 : width / 2
    var x = alignsCorners ? (number + 1) / 2 * (width - 1) : ((number + 1) * width - 1) / 2
    // What no map reaches is all the same; what is no number lies outside.
    x = x == x ? min(max(x, -0x1p31), 0x1p31) : -0x1p31
    if mode == .nearest { x = x.rounded(.toNearestOrEven) }
    let (low, high) = border(extent)
    if x < low || x > high {
      switch padding {
      case .zeros: break
      case .border:
        x = min(max(x, 0), width - 1)
        slope = 0
      case .reflection:
        let reflected = reflected(x, low, high)
        (x, slope) = (reflected.place, reflected.isTurned ? -slope : slope)
      }
    }
    let first = x.rounded(.down)
    let share = x - first
    switch mode {
    case .nearest: unsafe taps[0] = Tap(position: inside(Int(x), extent), weight: 1, slope: 0)
    case .linear:
      unsafe taps[0] = Tap(position: inside(Int(first), extent), weight: 1 - share, slope: -slope)
      unsafe taps[1] = Tap(position: inside(Int(first) + 1, extent), weight: share, slope: slope)
    case .cubic:
      for step in 0..<4 {
        let (weight, change) = Self.cubic(share - Double(step - 1))
        unsafe taps[step] = Tap(
          position: inside(Int(first) + step - 1, extent), weight: weight, slope: change * slope)
      }
    }
  }

  /// The position in the map that stands for one, below zero where none does.
  private func inside(_ position: Int, _ extent: Int) -> Int {
    guard position < 0 || position >= extent else { return position }
    switch padding {
    case .zeros: return -1
    case .border: return min(max(position, 0), extent - 1)
    case .reflection:
      let (low, high) = border(extent)
      return min(max(Int(reflected(Double(position), low, high).place), 0), extent - 1)
    }
  }

  private func border(_ extent: Int) -> (low: Double, high: Double) {
    alignsCorners ? (0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
  }

  /// A place mirrored at both borders until it lies between them, and whether it moves against its mirror image.
  private func reflected(_ x: Double, _ low: Double, _ high: Double) -> (place: Double, isTurned: Bool) {
    let width = high - low
    guard x < low || x > high else { return (x, false) }
    guard width > 0 else { return (low, false) }
    let distance = x < low ? low - x : x - high
    let turns = (distance / width).rounded(.down)
    let rest = distance - turns * width
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return ((x < low) == isEven ? low + rest : high - rest, isEven)
  }

  /// The cubic of Keys with coefficient −¾ at a signed distance, and its slope.
  private static func cubic(_ distance: Double) -> (weight: Double, slope: Double) {
    let a = -0.75
    let x = abs(distance)
    let sign: Double = distance < 0 ? -1 : 1
    if x <= 1 {
      return (((a + 2) * x - (a + 3)) * x * x + 1, sign * (3 * (a + 2) * x - 2 * (a + 3)) * x)
    }
    guard x < 2 else { return (0, 0) }
    return (((a * x - 5 * a) * x + 8 * a) * x - 4 * a, sign * ((3 * a * x - 10 * a) * x + 8 * a))
  }
}
