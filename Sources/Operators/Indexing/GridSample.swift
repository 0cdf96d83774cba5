import Graphs
import Kernels
import Tensors

/// GridSample (ai.onnx 16…): elements of maps at places that a grid names, from −1 to 1 along each axis.
///
///     y[b, c, p] = x[b, c, at grid[b, p]]          gradients see `GridSampling`
///
/// Modes nearest, linear and cubic; outside stand zeros, the border, or the map mirrored. Shapes: X [B, C, d…] of two or three
/// axes, grid [B, o…, axes] with the last axis of the map first → [B, C, o…]. Source: onnx/docs/Operators.md#GridSample.
struct GridSample: Operator {
  static let schema = OperatorSchema("GridSample", versions: 16..., inputs: ["X", "grid"], outputs: ["Y"])

  private let form: GridForm

  init(reading node: AttributeReader) throws(OperatorError) { form = try GridForm(reading: node) }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(inputs[0].elementType, try form.sampling(inputs).shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (sampling, shape) = try form.sampling(inputs)
    return BoundKernel(inputs, .operations(2 &* sampling.tapCount &* shape.elementCount)) { operands in
      sampling.forward(operands[0], operands[1], into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let names = (0..<2).map { site.needs($0) ? gradient.freshName("GridSampleGradient") : "" }
    try gradient.emit(GridSampleGradient(form), site.inputs + [try site.gradient()], outputs: names)
    return names.map { $0.isEmpty ? nil : $0 }
  }
}

/// dX and dGrid of `GridSample`, each where it is wanted.
///
/// Domain dka.gradient: exists in plans only.
struct GridSampleGradient: Operator {
  static let schema = OperatorSchema(
    "GridSampleGradient", domain: "dka.gradient", versions: 1..., inputs: ["X", "grid", "dY"],
    outputs: ["dX?", "dGrid?"])

  private let form: GridForm

  init(reading node: AttributeReader) throws(OperatorError) { form = try GridForm(reading: node) }

  init(_ form: GridForm) { self.form = form }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = try form.sampling(inputs).shape
    guard inputs[2].shape == shape else { throw .invalid("input 2 is \(inputs[2].shape), expected \(shape)") }
    return [inputs[0], inputs[1]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (sampling, shape) = try form.sampling(inputs)
    let passes = 1 + inputs[0].shape.rank - 2
    return BoundKernel(inputs, .operations(2 &* passes &* sampling.tapCount &* shape.elementCount)) {
      operands in
      sampling.backward(
        operands[0], operands[1], operands[2], into: operands.optionalOutput(0), operands.optionalOutput(1),
        options)
    }
  }
}

/// What GridSample and its gradient know beside their operands.
struct GridForm {
  private let mode: String
  private let padding: String
  private let alignsCorners: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    // Version 20 gave two modes other names.
    let given = try node.text("mode", oneOf: ["linear", "nearest", "cubic", "bilinear", "bicubic"])
    mode = given.hasPrefix("bi") ? String(given.dropFirst(2)) : given
    padding = try node.text("padding_mode", oneOf: ["zeros", "border", "reflection"])
    alignsCorners = try node.flag("align_corners", default: false)
  }

  var attributes: [Attribute] {
    [
      Attribute("mode", mode), Attribute("padding_mode", padding),
      Attribute("align_corners", alignsCorners ? 1 : 0),
    ]
  }

  /// The sampling of operand 0 at the places of operand 1, and the result's shape.
  func sampling(_ inputs: InputTypes) throws(OperatorError) -> (sampling: GridSampling, shape: Shape) {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<2)
    let (x, grid) = (inputs[0].shape, inputs[1].shape)
    let axes = x.rank - 2
    guard axes == 2 || axes == 3 else {
      throw axes < 1
        ? .invalid("input 0 has shape \(x), expected [N, C, …]")
        : .unsupported("sampling over \(axes) axes, implemented: 2 and 3")
    }
    guard grid.rank == x.rank, grid[0] == x[0], grid[-1] == axes else {
      throw .invalid("grid \(grid) does not fit \(x), expected [\(x[0]), …, \(axes)]")
    }
    let outputs = Array(grid.extents[1..<(grid.rank - 1)])
    guard let shape = Shape(checking: [x[0], x[1]] + outputs),
      shape.elementCount == 0 || x.elementCount > 0, x.extents.allSatisfy({ $0 < 1 << 31 })
    else { throw .invalid("can't sample \(x) at \(grid)") }
    let sampling = GridSampling(
      mode: mode == "nearest" ? .nearest : mode == "linear" ? .linear : .cubic,
      padding: padding == "zeros" ? .zeros : padding == "border" ? .border : .reflection,
      alignsCorners: alignsCorners, batch: x[0], channels: x[1], extents: Array(x.extents[2...]),
      positions: grid.product(1..<(grid.rank - 1)))
    return (sampling, shape)
  }
}
