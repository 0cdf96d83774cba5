package import Graphs
package import Kernels
import Tensors

/// LayerNormalization (ai.onnx 17…; ONNX Runtime's optimisers write it into files of older operator sets, too): normalises over the
/// axes from `axis` on, then scales and shifts.
///
///     y = (x − mean) · rstd · scale + bias         rstd = 1 / √(var + ε),  var without Bessel correction
///     dx = rstd · (g − mean(g) − x̂ · mean(g · x̂)),  g = dy · scale;  dscale = Σ dy · x̂;  dbias = Σ dy
///
/// Shapes: X [..., N…], scale and bias [N…] → Y like X, Mean and InvStdDev [..., 1…].
/// Source: onnx/docs/Operators.md#LayerNormalization.
package struct LayerNormalization: Narrowable {
  package static let schema = OperatorSchema(
    "LayerNormalization", versions: 1..., inputs: ["X", "Scale", "B?"],
    outputs: ["Y", "Mean?", "InvStdDev?"])

  package let axis: Int
  package let epsilon: Float

  package init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
    try node.require("stash_type", is: 1)
  }

  /// Normalisation over the axes from one on.
  package init(axis: Int, epsilon: Float) {
    self.axis = axis
    self.epsilon = epsilon
  }

  package var attributes: [Attribute] { [Attribute("axis", axis), Attribute("epsilon", epsilon)] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    for index in 0..<inputs.count where inputs.optional(index) != nil {
      try inputs.require(index, isOneOf: [.float32, .float64])
    }
    try inputs.requireSameType(0..<inputs.count)
    let shape = inputs[0].shape
    guard let first = shape.normalizedAxis(axis) else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(shape)")
    }
    let normalized = Shape(Array(shape.extents[first...]))
    for index in 1..<inputs.count {
      guard let other = inputs.optional(index)?.shape else { continue }
      guard other.elementCount == normalized.elementCount, other.broadcast(with: normalized) != nil else {
        throw .invalid("input \(index) has shape \(other), expected \(normalized)")
      }
    }
    let statistics = Shape(
      shape.extents[..<first] + [Int](repeating: 1, count: shape.rank - first))
    // Statistics are float whatever X is (`stash_type` 1); in double they stay as exact as X.
    let type = ValueType(inputs[0].elementType, statistics)
    return [inputs[0], type, type]
  }

  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    guard let first = inputs[0].shape.normalizedAxis(self.axis), axis < first else { return nil }
    return .alike(operands: [0])
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let rowLength = inputs[1].shape.elementCount
    // Mean, distance, square and its sum; then factor, scale and bias.
    return BoundKernel(inputs, .operations(7 &* inputs[0].shape.elementCount)) { operands in
      Normalization.layerNorm(
        operands[0], scale: operands[1], bias: operands.optional(2), epsilon: epsilon, rowLength: rowLength,
        into: operands.output(0), mean: operands.optionalOutput(1), rstd: operands.optionalOutput(2), options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    guard site.outputGradients.dropFirst().allSatisfy({ $0 == nil }) else {
      throw OperatorError(.notDifferentiable, "a gradient flows into LayerNormalization's statistics")
    }
    let wanted = (0..<3).map { site.needs($0) }
    let names = (0..<3).map { wanted[$0] ? gradient.freshName("LayerNormalizationGradient") : "" }
    try gradient.emit(
      LayerNormalizationGradient(axis: axis, epsilon: epsilon), [dY, site.inputs[0], site.inputs[1]],
      outputs: names)
    return try names.indices.map { (index) throws(OperatorError) in
      guard wanted[index] else { return nil }
      return try gradient.reshape(names[index], to: gradient.shape(site.inputs[index]))
    }
  }
}

/// dX, dScale, dBias of `LayerNormalization` in one pass, each where it is wanted.
///
/// Domain dka.gradient: exists in plans only.
struct LayerNormalizationGradient: Decomposable {
  static let schema = OperatorSchema(
    "LayerNormalizationGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY", "X", "Scale"],
    outputs: ["dX?", "dScale?", "dBias?"])

  let axis: Int
  let epsilon: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis")
    epsilon = try node.float("epsilon", default: 1e-5)
  }

  init(axis: Int, epsilon: Float) {
    self.axis = axis
    self.epsilon = epsilon
  }

  var attributes: [Attribute] { [Attribute("axis", axis), Attribute("epsilon", epsilon)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [inputs[1], inputs[2], inputs[2]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let rowLength = inputs[2].shape.elementCount
    let rows = inputs[1].shape.elementCount / max(rowLength, 1)
    return BoundKernel(
      // Statistics as forward (4), x̂ (1), g and its two means (4), dx (4), dscale (2), dbias (1).
      inputs, .operations(16 &* inputs[1].shape.elementCount),
      scratchByteCount: Normalization.layerNormGradientScratch(rows: rows, inputs[0].elementType)
    ) { operands in
      Normalization.layerNormGradient(
        operands[0], operands[1], scale: operands[2], epsilon: epsilon, rowLength: rowLength,
        into: operands.optionalOutput(0), dScale: operands.optionalOutput(1),
        dBias: operands.optionalOutput(2), scratch: operands.scratch, options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let (dY, x, scale) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let shape = builder.shape(x)
    guard let first = shape.normalizedAxis(axis) else { return [] }
    let axes = Array(first..<shape.rank)
    func mean(_ value: String) throws(OperatorError) -> String {
      try builder.emit(ReduceMean(), [value, try builder.constant(axes)])
    }
    let centred = try builder.emit(Sub(), [x, try mean(x)])
    let variance = try mean(try builder.emit(Mul(), [centred, centred]))
    let stable = try builder.emit(Add(), [variance, try builder.scalar(Double(epsilon), like: x)])
    let rstd = try builder.emit(Reciprocal(), [try builder.emit(Sqrt(), [stable])])
    let normalized = try builder.emit(Mul(), [centred, rstd])
    let shapedScale = try builder.reshape(scale, to: Shape(Array(shape.extents[first...])))
    let g = try builder.emit(Mul(), [dY, shapedScale])
    let product = try builder.emit(Mul(), [normalized, try mean(try builder.emit(Mul(), [g, normalized]))])
    let difference = try builder.emit(
      Sub(), [try builder.emit(Sub(), [g, try mean(g)]), product])
    let dX = try builder.emit(Mul(), [difference, rstd])
    let dScale = try builder.sum(try builder.emit(Mul(), [dY, normalized]), toShapeOf: shapedScale)
    let dBias = try builder.sum(dY, toShapeOf: shapedScale)
    let scaleShape = builder.shape(scale)
    return [
      dX, try builder.reshape(dScale, to: scaleShape), try builder.reshape(dBias, to: scaleShape),
    ]
  }
}
