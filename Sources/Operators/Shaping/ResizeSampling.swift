import Graphs
import Kernels
import Tensors

/// How `Resize` and its gradient make elements from their neighbours, and the map along one axis that this gives.
struct ResizeSampling {
  /// How results are made from their neighbours.
  enum Mode: String {
    case nearest
    case linear
    case cubic
  }

  let mode: Mode
  private let coordinates: String
  private let nearest: String
  private let cubicCoefficient: Double
  private let excludesOutside: Bool
  private let smooths: Bool

  /// What a result outside the operand is, where a region of it is resized.
  let extrapolation: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    extrapolation = try node.float("extrapolation_value", default: 0)
    let isOld = node.node.operatorName.domain.isEmpty && node.version < 11
    let modes = isOld ? ["nearest", "linear"] : ["nearest", "linear", "cubic"]
    mode = Mode(rawValue: try node.text("mode", oneOf: modes)) ?? .nearest
    let known = [
      "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric",
      "tf_crop_and_resize",
    ]
    let mapping = try node.text("coordinate_transformation_mode", oneOf: known)
    coordinates = isOld ? "asymmetric" : mapping
    let rounding = try node.text(
      "nearest_mode", oneOf: ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    nearest = isOld ? "floor" : rounding
    cubicCoefficient = Double(try node.float("cubic_coeff_a", default: -0.75))
    excludesOutside = try node.flag("exclude_outside", default: false)
    smooths = try node.flag("antialias", default: false)
  }

  var attributes: [Attribute] {
    [
      Attribute("mode", mode.rawValue), Attribute("coordinate_transformation_mode", coordinates),
      Attribute("nearest_mode", nearest), Attribute("cubic_coeff_a", Float(cubicCoefficient)),
      Attribute("exclude_outside", excludesOutside ? 1 : 0), Attribute("antialias", smooths ? 1 : 0),
      Attribute("extrapolation_value", extrapolation),
    ]
  }

  /// Whether a region of the operand is resized, which an operand gives.
  var crops: Bool { coordinates == "tf_crop_and_resize" }

  /// The map from an axis of `source` elements to `target`, at a scale of about target / source.
  ///
  /// Results outside the operand are made from nothing where a region is resized.
  func map(from source: Int, to target: Int, scale: Double, region: ResizeRegion? = nil) -> Interpolation {
    let outside = Set(outside(source, target, region))
    var indices: [Int] = []
    var weights: [Double] = []
    let narrowing = narrowing(scale)
    let taps = taps(scale: scale)
    for position in 0..<target {
      let x = region?.coordinate(position, source, target) ?? coordinate(position, source, target, scale)
      guard mode != .nearest else {
        indices.append(min(max(rounded(x), 0), source - 1))
        weights.append(1)
        continue
      }
      // The neighbour on the left is strictly left of x, so that the distance to it is in (0, 1].
      let left = x.rounded(.up) - 1
      var row: [Double] = []
      for tap in taps {
        let index = Int(left) + tap
        let isOutside = index < 0 || index >= source
        row.append(excludesOutside && isOutside ? 0 : weight((Double(tap) - (x - left)) * narrowing))
        indices.append(min(max(index, 0), source - 1))
      }
      if outside.contains(position) { row = row.map { _ in 0 } }
      let sum = row.reduce(0, +)
      weights += (smooths || excludesOutside) && sum != 0 ? row.map { $0 / sum } : row
    }
    return Interpolation(sourceExtent: source, tapCount: taps.count, indices: indices, weights: weights)
  }

  /// Positions of results along an axis that lie outside the operand, where a region of it is resized.
  func outside(_ source: Int, _ target: Int, _ region: ResizeRegion?) -> [Int] {
    guard let region else { return [] }
    return (0..<target).filter { position in
      let x = region.coordinate(position, source, target)
      return x < 0 || x > Double(source - 1)
    }
  }

  /// How much wider than the operand's elements the filter is, as a factor of distances: below scale 1 an antialiasing filter
  /// is as much wider as the result is smaller.
  private func narrowing(_ scale: Double) -> Double { smooths ? min(scale, 1) : 1 }

  /// The operand's elements that a result is made from, counted from the one on its left; one for mode nearest.
  func taps(scale: Double) -> Range<Int> {
    guard mode != .nearest else { return 0..<1 }
    let reach = mode == .cubic ? 2.0 : 1.0
    let first = Int((-reach / narrowing(scale)).rounded(.down)) + 1
    return first..<(2 - first)
  }

  /// Where a result lies on the operand's axis.
  private func coordinate(_ position: Int, _ source: Int, _ target: Int, _ scale: Double) -> Double {
    let width = scale * Double(source)
    let x = Double(position)
    switch coordinates {
    case "asymmetric": return x / scale
    case "align_corners": return width == 1 ? 0 : x * Double(source - 1) / (width - 1)
    case "pytorch_half_pixel": return width == 1 ? -0.5 : (x + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let offset = Double(source) / 2 * (1 - Double(target) / width)
      return offset + (x + 0.5) / scale - 0.5
    default: return (x + 0.5) / scale - 0.5
    }
  }

  private func rounded(_ x: Double) -> Int {
    switch nearest {
    case "floor": Int(x.rounded(.down))
    case "ceil": Int(x.rounded(.up))
    case "round_prefer_ceil": Int((x + 0.5).rounded(.down))
    default: Int((x - 0.5).rounded(.up))
    }
  }

  /// The filter at a distance: a triangle, or the cubic of Keys with coefficient a.
  private func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    let a = cubicCoefficient
    guard mode == .cubic else { return max(1 - x, 0) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

/// The part of an axis that is resized: 0 stands for the first element, 1 for the last.
struct ResizeRegion: Hashable {
  let start: Double
  let end: Double

  /// Where a result lies on the operand's axis.
  func coordinate(_ position: Int, _ source: Int, _ target: Int) -> Double {
    let last = Double(source - 1)
    guard target > 1 else { return 0.5 * (start + end) * last }
    return start * last + Double(position) * (end - start) * last / Double(target - 1)
  }
}

/// The maps of all axes that change, for operand and result of given shapes.
struct ResizePlan: Sendable {
  /// The axis, its map, and the shape before and after.
  struct Step: Sendable {
    let axis: Int
    let map: Interpolation
    let before: Shape
    let after: Shape
  }

  let steps: [Step]
  /// Elements of the largest value between two steps.
  let largestIntermediate: Int

  /// Plans the steps from the outermost axis to the innermost.
  ///
  /// - Parameter regions: per axis the part that is resized, nil for all of it.
  init(
    _ sampling: ResizeSampling, from source: Shape, to target: Shape, scales: [Double],
    regions: [ResizeRegion?]
  ) {
    var steps: [Step] = []
    var shape = source
    for axis in source.extents.indices
    where source.extents[axis] != target.extents[axis] || scales[axis] != 1 || regions[axis] != nil {
      var extents = shape.extents
      extents[axis] = target.extents[axis]
      let after = Shape(extents)
      let map = sampling.map(
        from: source.extents[axis], to: target.extents[axis], scale: scales[axis], region: regions[axis])
      steps.append(Step(axis: axis, map: map, before: shape, after: after))
      shape = after
    }
    self.steps = steps
    largestIntermediate = steps.dropLast().map(\.after.elementCount).max() ?? 0
  }

  /// Bytes of the values between steps, of which two are there at a time.
  func scratchByteCount(_ type: ElementType) -> Int {
    2 * largestIntermediate * (type.byteCount(of: 1) ?? 0)
  }

  /// Multiplications and additions of all steps: one of each per tap of each element that a step makes.
  static func operations(
    _ sampling: ResizeSampling, from source: Shape, to target: Shape, scales: [Double],
    regions: [ResizeRegion?]
  ) -> Int {
    var extents = source.extents
    var sum = 0
    for axis in extents.indices
    where extents[axis] != target.extents[axis] || scales[axis] != 1 || regions[axis] != nil {
      extents[axis] = target.extents[axis]
      guard let made = Shape(checking: extents)?.elementCount, made > 0 else { break }
      sum &+= 2 &* sampling.taps(scale: scales[axis]).count &* made
    }
    return sum
  }

  /// Runs all steps, forwards or each transposed in reverse order, between two halves of the scratch memory.
  func run(
    _ input: TensorView, into output: TensorView, scratch: TensorView?, transposed: Bool,
    _ options: KernelOptions
  ) {
    guard !steps.isEmpty else { return DataMovement.copy(input, into: output) }
    var current = input
    for (index, step) in (transposed ? steps.reversed() : steps).enumerated() {
      let shape = transposed ? step.before : step.after
      var next = output.reshaped(to: output.shape)
      if index < steps.count - 1, let scratch {
        let width = input.elementType.byteCount(of: 1) ?? 0
        next = TensorView(
          elementType: input.elementType, shape: shape, storage: scratch.storage,
          byteOffset: scratch.byteOffset + index % 2 * largestIntermediate * width)
      }
      let outer = shape.product(0..<step.axis)
      let inner = shape.product((step.axis + 1)..<shape.rank)
      if transposed {
        step.map.applyTransposed(current, outer: outer, inner: inner, into: next, options)
      } else {
        step.map.apply(current, outer: outer, inner: inner, into: next, options)
      }
      current = next
    }
  }
}
