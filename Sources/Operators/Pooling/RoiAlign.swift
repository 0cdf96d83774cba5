import Graphs
import Kernels
import Tensors

/// RoiAlign (ai.onnx 10…): regions of maps brought to one size by bins of bilinear samples.
///
///     y[r, c, i, j] = the mean, or the largest, of the samples of bin i, j of region r          dx see `RegionAlignment`
///
/// Nothing flows into the regions; the largest has no gradient. Shapes: X [B, C, H, W], rois [R, 4] as x and y of two corners,
/// batch_indices [R] → [R, C, output_height, output_width]. Source: onnx/docs/Operators.md#RoiAlign.
struct RoiAlign: Operator {
  static let schema = OperatorSchema(
    "RoiAlign", versions: 10..., inputs: ["X", "rois", "batch_indices"], outputs: ["Y"])

  private let form: RegionForm

  init(reading node: AttributeReader) throws(OperatorError) { form = try RegionForm(reading: node) }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(inputs[0].elementType, try form.shape(inputs[0], inputs))]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let x = inputs[0].shape
    let alignment = form.alignment(x)
    let samples = max(form.samples, 1)
    let taps = 8 &* samples &* samples
    let result = try form.shape(inputs[0], inputs).elementCount
    return BoundKernel(inputs, .operations(taps &* result)) { operands throws(OperatorError) in
      let images = try operands[2].positions(extent: x[0])
      try form.requireFinite(operands[1])
      alignment.forward(operands[0], operands[1], images: images, into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard !form.isMaximum else {
      throw OperatorError(.notDifferentiable, "RoiAlign has no gradient with mode max")
    }
    guard !site.needs(1) else {
      throw OperatorError(.notDifferentiable, "RoiAlign has no gradient with respect to its regions")
    }
    let operation = RoiAlignGradient(form, shape: gradient.shape(site.inputs[0]))
    return [try gradient.emit(operation, [try site.gradient(), site.inputs[1], site.inputs[2]]), nil, nil]
  }
}

/// Gradient of `RoiAlign` with respect to its maps.
///
/// Domain dka.gradient: exists in plans only.
struct RoiAlignGradient: Operator {
  static let schema = OperatorSchema(
    "RoiAlignGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "rois", "batch_indices"],
    outputs: ["dX"])

  private let form: RegionForm
  private let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try RegionForm(reading: node)
    guard let shape = Shape(checking: try node.optionalInts("input_shape") ?? []) else {
      throw .invalid("lacks attribute 'input_shape'")
    }
    self.shape = shape
  }

  init(_ form: RegionForm, shape: Shape) { (self.form, self.shape) = (form, shape) }

  var attributes: [Attribute] { form.attributes + [Attribute("input_shape", shape.extents)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let maps = ValueType(inputs[0].elementType, shape)
    let expected = try form.shape(maps, inputs)
    guard inputs[0].shape == expected else {
      throw .invalid("input 0 is \(inputs[0].shape), expected \(expected)")
    }
    return [maps]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let alignment = form.alignment(shape)
    let images = shape[0]
    let samples = max(form.samples, 1)
    let work = BoundKernel.Work.operations(8 &* samples &* samples &* inputs[0].shape.elementCount)
    return BoundKernel(inputs, work) { operands throws(OperatorError) in
      let positions = try operands[2].positions(extent: images)
      try form.requireFinite(operands[1])
      alignment.backward(operands[0], operands[1], images: positions, into: operands.output(0), options)
    }
  }
}

/// What RoiAlign and its gradient know beside their operands.
struct RegionForm {
  private let rows: Int
  private let columns: Int
  private let scale: Float
  private let isHalfPixel: Bool
  /// Samples along each axis of a bin; 0 for as many as the bin has elements.
  let samples: Int
  /// Whether the largest sample counts rather than their mean.
  let isMaximum: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    rows = try node.int("output_height", default: 1)
    columns = try node.int("output_width", default: 1)
    samples = try node.int("sampling_ratio", default: 0)
    scale = try node.float("spatial_scale", default: 1)
    isMaximum = try node.text("mode", oneOf: ["avg", "max"]) == "max"
    let isOld = node.node.operatorName.domain.isEmpty && node.version < 16
    let coordinates = try node.text(
      "coordinate_transformation_mode", oneOf: ["half_pixel", "output_half_pixel"])
    isHalfPixel = !isOld && coordinates == "half_pixel"
    guard rows > 0, columns > 0, rows < 1 << 24, columns < 1 << 24, samples >= 0, samples < 1 << 10 else {
      throw .invalid(
        "attributes 'output_height' \(rows), 'output_width' \(columns), 'sampling_ratio' \(samples): expected "
          + "positive extents below \(1 << 24) and 0 to \(1 << 10 - 1) samples")
    }
    guard scale.isFinite else { throw .invalid("attribute 'spatial_scale' is \(scale)") }
  }

  var attributes: [Attribute] {
    [
      Attribute("output_height", rows), Attribute("output_width", columns),
      Attribute("sampling_ratio", samples),
      Attribute("spatial_scale", scale), Attribute("mode", isMaximum ? "max" : "avg"),
      Attribute("coordinate_transformation_mode", isHalfPixel ? "half_pixel" : "output_half_pixel"),
    ]
  }

  /// The result's shape for maps and the regions that operands 1 and 2 give.
  func shape(_ maps: ValueType, _ inputs: InputTypes) throws(OperatorError) -> Shape {
    guard [.float32, .float64].contains(maps.elementType) else {
      throw .unsupported("input 0 has element type \(maps.elementType.name), implemented: float, double")
    }
    try inputs.requireSameType(0..<2)
    try inputs.require(2, isOneOf: [.int64])
    let (regions, images) = (inputs[1].shape, inputs[2].shape)
    guard maps.shape.rank == 4, regions.rank == 2, regions[1] == 4, images.extents == [regions[0]] else {
      throw .invalid(
        "maps \(maps.shape), regions \(regions) and image numbers \(images), expected [B, C, H, W], [R, 4], [R]"
      )
    }
    guard let shape = Shape(checking: [regions[0], maps.shape[1], rows, columns]),
      shape.elementCount == 0 || maps.shape.elementCount > 0
    else { throw .invalid("\(regions[0]) regions of \(rows) × \(columns) are too large") }
    return shape
  }

  /// The kernel for maps of a shape [B, C, H, W].
  func alignment(_ maps: Shape) -> RegionAlignment {
    RegionAlignment(
      map: Shape(Array(maps.extents[1...])), rows: rows, columns: columns, samples: samples,
      scale: Double(scale), isHalfPixel: isHalfPixel, isMaximum: isMaximum)
  }

  /// Refuses regions whose corners are no numbers, or far from any map.
  func requireFinite(_ regions: TensorView) throws(OperatorError) {
    guard let wrong = regions.tensor.doubles?.first(where: { !($0.magnitude < 1e9) }) else { return }
    throw .invalid("input 1 (rois) holds \(wrong), expected finite places")
  }
}
