import Graphs
import Kernels
import Tensors

/// Resize (ai.onnx 10…): interpolates along each axis to given sizes or by given scales.
///
///     y = M(last) · … · M(first) · x, one map per axis          dx = M(first)ᵀ · … · M(last)ᵀ · dy
///
/// Modes nearest, linear and cubic, with antialiasing; coordinates half_pixel, half_pixel_symmetric, pytorch_half_pixel,
/// align_corners, asymmetric and tf_crop_and_resize, where results outside the operand are one value. Shapes: X [n…] → [sizes…] or [⌊n · scale⌋…].
/// Source: onnx/docs/Operators.md#Resize.
struct Resize: ShapeDeciding, OlderForm {
  static let schema = OperatorSchema(
    "Resize", versions: 10..., inputs: ["X", "roi?", "scales?", "sizes?"], outputs: ["Y"])

  private let sampling: ResizeSampling
  private let axes: [Int]?
  private let policy: String

  init(reading node: AttributeReader) throws(OperatorError) {
    sampling = try ResizeSampling(reading: node)
    axes = node.version >= 18 ? try node.optionalInts("axes") : nil
    policy = try node.text("keep_aspect_ratio_policy", oneOf: ["stretch", "not_larger", "not_smaller"])
  }

  static func operands(of node: AttributeReader) -> [FormOperand] {
    node.version >= 11 ? node.operands : node.operands.prefix(1) + [.value("")] + node.operands.dropFirst()
  }

  var attributes: [Attribute] {
    sampling.attributes + [Attribute("keep_aspect_ratio_policy", policy)]
      + (axes.map { [Attribute("axes", $0)] } ?? [])
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    if sampling.mode != .nearest { try inputs.require(0, isOneOf: [.float32, .float64]) }
    return [ValueType(inputs[0].elementType, try geometry(inputs).shape)]
  }

  /// Where the sizes name an axis of an operand; nil where they do not.
  func position(of axis: Int, in shape: Shape) -> Int? {
    (axes ?? Array(0..<shape.rank)).firstIndex { shape.normalizedAxis($0) == axis }
  }

  var shapeInputs: [Int] { sampling.crops ? [1, 2, 3] : [2, 3] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let source = inputs[0].shape
    let (shape, scales, regions) = try geometry(inputs)
    let outside = source.extents.indices.map { axis in
      sampling.outside(source.extents[axis], shape.extents[axis], regions[axis])
    }
    let extrapolation = Double(sampling.extrapolation)
    guard sampling.mode != .nearest else {
      let tables = source.extents.indices.map { axis in
        sampling.map(
          from: source.extents[axis], to: shape.extents[axis], scale: scales[axis], region: regions[axis]
        ).indices
      }
      return BoundKernel(inputs, .withoutArithmetic) { operands in
        IndexedMovement.gather(operands[0], tables: tables, into: operands.output(0))
        IndexedMovement.fill(operands.output(0), at: outside, with: extrapolation)
      }
    }
    let plan = ResizePlan(sampling, from: source, to: shape, scales: scales, regions: regions)
    return BoundKernel(
      inputs,
      .operations(
        ResizePlan.operations(sampling, from: source, to: shape, scales: scales, regions: regions)),
      scratchByteCount: plan.scratchByteCount(inputs[0].elementType)
    ) { operands in
      plan.run(operands[0], into: operands.output(0), scratch: operands.scratch, transposed: false, options)
      IndexedMovement.fill(operands.output(0), at: outside, with: extrapolation)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let inputs = gradient.graph.inputTypes(of: site.node)
    let (_, scales, regions) = try geometry(inputs)
    let operation = ResizeGradient(
      sampling: sampling, shape: inputs[0].shape, scales: scales.map { Float($0) }, regions: regions)
    let dX = try gradient.emit(operation, [try site.gradient()])
    return [dX] + [String?](repeating: nil, count: site.inputs.count - 1)
  }

  /// The result's shape, and per axis the scale and the part that is resized, nil for all of it.
  private func geometry(_ inputs: InputTypes) throws(OperatorError) -> (
    shape: Shape, scales: [Double], regions: [ResizeRegion?]
  ) {
    let source = inputs[0].shape
    var chosen: [Int] = []
    for axis in axes ?? Array(0..<source.rank) {
      guard let normalized = source.normalizedAxis(axis), !chosen.contains(normalized) else {
        throw .invalid("attribute 'axes' \(axes ?? []) does not fit \(source)")
      }
      chosen.append(normalized)
    }
    var extents = source.extents
    var scales = [Double](repeating: 1, count: source.rank)
    if let sizes = try inputs.integers(3), !sizes.isEmpty {
      guard sizes.count == chosen.count, Shape(checking: sizes) != nil else {
        throw .invalid("input 3 (sizes) is \(sizes), expected \(chosen.count) extents")
      }
      let ratios = zip(chosen, sizes).map { Double($1) / Double(max(source.extents[$0], 1)) }
      let common = policy == "not_larger" ? ratios.min() : policy == "not_smaller" ? ratios.max() : nil
      for (index, axis) in chosen.enumerated() {
        let ratio = common ?? ratios[index]
        scales[axis] = ratio
        extents[axis] =
          common == nil
          ? sizes[index] : Int(exactly: (ratio * Double(source.extents[axis]) + 0.5).rounded(.down)) ?? 0
      }
    } else {
      let given = try inputs.constant(2)?.doubles
      guard let given, given.count == chosen.count else {
        throw .invalid("neither sizes nor \(chosen.count) scales are given")
      }
      for (axis, scale) in zip(chosen, given) {
        // As runtimes do, in Float: 10 · 0.7 is 7 there and a little less in Double.
        let extent = Int(exactly: (Float(source.extents[axis]) * Float(scale)).rounded(.down))
        guard scale > 0, scale.isFinite, let extent else { throw .invalid("scale \(scale) for axis \(axis)") }
        scales[axis] = scale
        extents[axis] = extent
      }
    }
    guard let shape = Shape(checking: extents), shape.elementCount == 0 || source.elementCount > 0 else {
      throw .invalid("can't resize \(source) to \(extents)")
    }
    for axis in extents.indices where extents[axis] > 0 {
      guard scales[axis] > 1e-6, extents[axis] < 1 << 31, source.extents[axis] < 1 << 31 else {
        throw .invalid("can't resize \(source) to \(extents)")
      }
    }
    // Axis by axis the sizes between may be larger than both.
    for axis in extents.indices
    where Shape(checking: Array(extents[...axis] + source.extents[(axis + 1)...])) == nil {
      throw .invalid("can't resize \(source) to \(extents): the values between are too large")
    }
    return (shape, scales, try regions(of: chosen, rank: source.rank, inputs))
  }

  /// Per axis the part that input 1 names where coordinates ask for one.
  private func regions(of axes: [Int], rank: Int, _ inputs: InputTypes) throws(OperatorError)
    -> [ResizeRegion?]
  {
    var regions = [ResizeRegion?](repeating: nil, count: rank)
    guard sampling.crops else { return regions }
    let bounds = try inputs.constant(1)?.doubles ?? []
    guard bounds.count == 2 * axes.count, bounds.allSatisfy({ $0.magnitude < 1e6 }) else {
      throw .invalid("input 1 (roi) is \(bounds), expected \(axes.count) starts and as many ends")
    }
    for (index, axis) in axes.enumerated() {
      let region = ResizeRegion(start: bounds[index], end: bounds[axes.count + index])
      regions[axis] = region
    }
    return regions
  }
}

/// Gradient of `Resize`: the maps of all axes transposed, in reverse order.
///
/// Domain dka.gradient: exists in plans only.
struct ResizeGradient: Operator {
  static let schema = OperatorSchema(
    "ResizeGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY"], outputs: ["dX"])

  private let sampling: ResizeSampling
  private let shape: Shape
  private let scales: [Float]
  private let regions: [ResizeRegion?]

  init(reading node: AttributeReader) throws(OperatorError) {
    sampling = try ResizeSampling(reading: node)
    guard let extents = try node.optionalInts("shape"), let shape = Shape(checking: extents),
      let scales = try node.optionalFloats("scales"), scales.count == shape.rank
    else { throw .invalid("lacks attribute 'shape' or 'scales'") }
    self.shape = shape
    self.scales = scales
    let bounds = try node.optionalFloats("regions") ?? []
    regions = shape.extents.indices.map { axis in
      // What is no number stands for an axis without a region.
      guard 2 * axis + 1 < bounds.count, !bounds[2 * axis].isNaN else { return nil }
      return ResizeRegion(start: Double(bounds[2 * axis]), end: Double(bounds[2 * axis + 1]))
    }
  }

  init(sampling: ResizeSampling, shape: Shape, scales: [Float], regions: [ResizeRegion?]) {
    (self.sampling, self.shape, self.scales, self.regions) = (sampling, shape, scales, regions)
  }

  var attributes: [Attribute] {
    let bounds = regions.flatMap { $0.map { [Float($0.start), Float($0.end)] } ?? [.nan, .nan] }
    return sampling.attributes + [
      Attribute("shape", shape.extents), Attribute("scales", .floats(scales)),
      Attribute("regions", .floats(bounds)),
    ]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let target = inputs[0].shape
    guard target.elementCount > 0 else {
      return BoundKernel(inputs, .withoutArithmetic) { operands in DataMovement.clear(operands.output(0)) }
    }
    let plan = plan(target)
    return BoundKernel(
      inputs,
      .operations(
        ResizePlan.operations(
          sampling, from: shape, to: target, scales: scales.map(Double.init), regions: regions)),
      scratchByteCount: plan.scratchByteCount(inputs[0].elementType)
    ) { operands in
      plan.run(operands[0], into: operands.output(0), scratch: operands.scratch, transposed: true, options)
    }
  }

  private func plan(_ target: Shape) -> ResizePlan {
    // A scale that came from sizes is exact only as their quotient.
    let exact = shape.extents.indices.map { axis in
      let quotient = Double(target.extents[axis]) / Double(max(shape.extents[axis], 1))
      return Float(quotient) == scales[axis] ? quotient : Double(scales[axis])
    }
    return ResizePlan(sampling, from: shape, to: target, scales: exact, regions: regions)
  }
}
