import Graphs
import Kernels
import Tensors

/// NegativeLogLikelihoodLoss (ai.onnx 12…): minus the input at the label, weighted and reduced.
///
///     loss = −w[label] · x[label]          mean: Σ loss / Σ w[label]
///     dx = −w[label] · dloss at the label, else 0          mean: / Σ w[label]
///
/// Positions with the label `ignore_index` count nowhere. Shapes: input [B, C, d…], target [B, d…], weight [C] → scalar or
/// [B, d…]. Source: onnx/docs/Operators.md#NegativeLogLikelihoodLoss.
struct NegativeLogLikelihoodLoss: Operator {
  static let schema = OperatorSchema(
    "NegativeLogLikelihoodLoss", versions: 12..., inputs: ["input", "target", "weight?"],
    outputs: ["loss"])

  private let form: LossForm

  init(reading node: AttributeReader) throws(OperatorError) { form = try LossForm(reading: node) }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [try form.lossType(inputs[0], inputs[1], inputs.optional(2))]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernel = form.kernel(inputs[0].shape)
    return BoundKernel(inputs, .operations(2 &* inputs[1].shape.elementCount)) {
      operands throws(OperatorError) in
      let labels = try form.labels(operands[1], classes: kernel.classes, options)
      kernel.loss(operands[0], labels, operands.optional(2), into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard !site.needs(2) else {
      throw OperatorError(.notDifferentiable, "NegativeLogLikelihoodLoss has no gradient of its weights")
    }
    let operation = NegativeLogLikelihoodLossGradient(form)
    return [try gradient.emit(operation, [try site.gradient()] + site.inputs), nil, nil]
  }
}

/// Gradient of `NegativeLogLikelihoodLoss` with respect to its input.
///
/// Domain dka.gradient: exists in plans only.
struct NegativeLogLikelihoodLossGradient: Decomposable {
  static let schema = OperatorSchema(
    "NegativeLogLikelihoodLossGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["dLoss", "input", "target", "weight?"], outputs: ["dInput"])

  private let form: LossForm

  init(_ form: LossForm) { self.form = form }

  init(reading node: AttributeReader) throws(OperatorError) { form = try LossForm(reading: node) }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let loss = try form.lossType(inputs[1], inputs[2], inputs.optional(3))
    guard inputs[0] == loss else { throw .invalid("input 0 is \(inputs[0]), expected \(loss)") }
    return [inputs[1]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernel = form.kernel(inputs[1].shape)
    return BoundKernel(inputs, .operations(2 &* inputs[2].shape.elementCount)) {
      operands throws(OperatorError) in
      let labels = try form.labels(operands[2], classes: kernel.classes, options)
      kernel.gradient(operands[0], labels, operands.optional(3), into: operands.output(0), options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let factor = try form.factors(node, into: &builder)
    let target = try builder.oneHot(factor.labels, like: node.inputs[1])
    return [try builder.emit(Neg(), [try builder.emit(Mul(), [target, factor.factors])])]
  }
}
