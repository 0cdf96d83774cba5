package import Graphs
package import Kernels
import Tensors

/// BatchNormalization (ai.onnx 7…) as inference uses it: channels shifted and scaled by stored statistics.
///
/// Its other form is `BatchStatistics`.
///
///     y = (x − mean) · a + bias          a = scale / √(var + ε)
///     dx = dy · a;  dscale = Σ dy · (x − mean) / √(var + ε);  dbias = Σ dy
///
/// Shapes: X [B, C, d…], scale, bias, mean, var [C] → like X. Source: onnx/docs/Operators.md#BatchNormalization.
package struct BatchNormalization: MemoryReusing {
  package static let schema = OperatorSchema(
    "BatchNormalization", versions: 7..., inputs: ["X", "scale", "B", "input_mean", "input_var"],
    outputs: ["Y"])

  /// What is added to the variance.
  package let epsilon: Float

  package init(reading node: AttributeReader) throws(OperatorError) {
    epsilon = try node.float("epsilon", default: 1e-5)
    node.knows("momentum")
    if node.version >= 14 { try node.require("training_mode", is: 0) }
    if node.version < 9 { try node.require("spatial", is: 1) }
  }

  package var attributes: [Attribute] { [Attribute("epsilon", epsilon)] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw .invalid("input 0 has shape \(shape), expected [N, C, …]") }
    for index in 1..<5 where inputs[index].shape.extents != [shape.extents[1]] {
      throw .invalid("input \(index) has shape \(inputs[index].shape), expected [\(shape.extents[1])]")
    }
    return [inputs[0]]
  }

  package var reusableInputs: [Int] { [0] }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .operations(3 &* inputs[0].shape.elementCount)) { operands in
      Normalization.batchNorm(
        operands[0], scale: operands[1], bias: operands[2], mean: operands[3], variance: operands[4],
        epsilon: epsilon, into: operands.output(0))
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard !site.needs(3), !site.needs(4) else {
      throw OperatorError(.notDifferentiable, "BatchNormalization has no gradient of its statistics")
    }
    let dY = try site.gradient()
    let shape = gradient.shape(dY)
    let column = Shape([shape.extents[1]] + [Int](repeating: 1, count: shape.rank - 2))
    let spread = try gradient.emit(
      Add(), [site.inputs[4], try gradient.scalar(Double(epsilon), like: dY)])
    let rstd = try gradient.emit(Reciprocal(), [try gradient.emit(Sqrt(), [spread])])
    let axes = try gradient.constant([0] + Array(2..<shape.rank))
    var (dX, dScale, dBias): (String?, String?, String?)
    if site.needs(0) {
      let factor = try gradient.emit(Mul(), [site.inputs[1], rstd])
      dX = try gradient.emit(Mul(), [dY, try gradient.reshape(factor, to: column)])
    }
    if site.needs(1) {
      let mean = try gradient.reshape(site.inputs[3], to: column)
      let centred = try gradient.emit(Sub(), [site.inputs[0], mean])
      let normalized = try gradient.emit(Mul(), [centred, try gradient.reshape(rstd, to: column)])
      dScale = try gradient.emit(
        ReduceSum(keepsAxes: false), [try gradient.emit(Mul(), [dY, normalized]), axes])
    }
    if site.needs(2) { dBias = try gradient.emit(ReduceSum(keepsAxes: false), [dY, axes]) }
    return [dX, dScale, dBias, nil, nil]
  }
}
