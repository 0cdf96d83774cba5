package import Graphs
package import Kernels
import Tensors

/// SoftmaxCrossEntropyLoss (ai.onnx 12…): the negative logarithm of the softmax at the label, weighted and reduced.
///
///     loss = −w[label] · log softmax(scores)[label]          mean: Σ loss / Σ w[label]
///     dscores = (softmax(scores) − [c = label]) · w[label] · dloss          mean: / Σ w[label]
///
/// Positions with the label `ignore_index` count nowhere. Shapes: scores [B, C, d…], labels [B, d…], weights [C] → loss
/// scalar or [B, d…], log_prob like scores. Source: onnx/docs/Operators.md#SoftmaxCrossEntropyLoss.
package struct SoftmaxCrossEntropyLoss: Operator {
  package static let schema = OperatorSchema(
    "SoftmaxCrossEntropyLoss", versions: 12..., inputs: ["scores", "labels", "weights?"],
    outputs: ["output", "log_prob?"])

  private let form: LossForm

  /// The mean over all labels, or their sum.
  package init(isSum: Bool = false) { form = LossForm(isSum ? .sum : .mean) }

  /// The loss of every position, 0 where the label is the ignored one.
  package init(perPositionIgnoring label: Int) { form = LossForm(.none, ignoring: label) }

  package init(reading node: AttributeReader) throws(OperatorError) { form = try LossForm(reading: node) }

  package var attributes: [Attribute] { form.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [try form.lossType(inputs[0], inputs[1], inputs.optional(2)), inputs[0]]
  }

  package func floatingPointOperations(_ inputs: InputTypes) -> Int { 4 &* inputs[0].shape.elementCount }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernel = form.kernel(inputs[0].shape)
    return BoundKernel(inputs, .operations(4 &* inputs[0].shape.elementCount)) {
      operands throws(OperatorError) in
      let scores = operands[0]
      let labels = try form.labels(operands[1], classes: kernel.classes, options)
      kernel.lossOfScores(scores, labels, operands.optional(2), into: operands.output(0), options)
      if let logarithms = operands.optionalOutput(1) { kernel.logSoftmax(scores, into: logarithms, options) }
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard site.outputGradients.dropFirst().allSatisfy({ $0 == nil }), !site.needs(2) else {
      throw OperatorError(
        .notDifferentiable, "SoftmaxCrossEntropyLoss has a gradient from its loss to its scores only")
    }
    let operation = SoftmaxCrossEntropyLossGradient(form)
    return [try gradient.emit(operation, [try site.gradient()] + site.inputs), nil, nil]
  }
}

/// Gradient of `SoftmaxCrossEntropyLoss` with respect to the scores.
///
/// Domain dka.gradient: exists in plans only.
struct SoftmaxCrossEntropyLossGradient: Decomposable {
  static let schema = OperatorSchema(
    "SoftmaxCrossEntropyLossGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["dLoss", "scores", "labels", "weights?"], outputs: ["dScores"])

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
    return BoundKernel(inputs, .operations(6 &* inputs[1].shape.elementCount)) {
      operands throws(OperatorError) in
      let labels = try form.labels(operands[2], classes: kernel.classes, options)
      kernel.gradientOfScores(
        operands[0], operands[1], labels, operands.optional(3), into: operands.output(0), options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let factor = try form.factors(node, into: &builder)
    let probabilities = try builder.emit(Softmax(axis: 1), [node.inputs[1]])
    let target = try builder.oneHot(factor.labels, like: node.inputs[1])
    return [try builder.emit(Mul(), [try builder.emit(Sub(), [probabilities, target]), factor.factors])]
  }
}

extension LossForm {
  /// Emits, per position, labels with the ignored ones at class 0, and the gradient's factor [B, 1, d…], 0 where ignored.
  func factors(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError) -> (
    labels: String, factors: String
  ) {
    let (dLoss, scores) = (node.inputs[0], node.inputs[1])
    var labels = node.inputs[2]
    let shape = builder.shape(labels)
    if builder.type(labels).elementType != .int64 {
      labels = try builder.emit(Cast(to: .int64), [labels])
    }
    var weights: String
    if let given = node.input(3) {
      weights = given
    } else {
      weights = try builder.emit(
        Expand(), [try builder.scalar(1, like: scores), try builder.constant([builder.shape(scores)[1]])])
    }
    if let ignored {
      let marker = try builder.emit(Squeeze(), [try builder.constant([ignored])])
      let isIgnored = try builder.emit(Equal(), [labels, marker])
      let first = try builder.emit(Squeeze(), [try builder.constant([0])])
      labels = try builder.emit(Where(), [isIgnored, first, labels])
      let counted = try builder.emit(Gather(), [weights, labels])
      weights = try builder.emit(Where(), [isIgnored, try builder.scalar(0, like: scores), counted])
    } else {
      weights = try builder.emit(Gather(), [weights, labels])
    }
    var factor = try builder.emit(Mul(), [weights, dLoss])
    if reduction == .mean {
      factor = try builder.emit(
        Div(), [factor, try builder.emit(ReduceSum(keepsAxes: false), [weights])])
    }
    let column = Shape([shape.extents[0], 1] + shape.extents[1...])
    return (labels, try builder.reshape(factor, to: column))
  }
}

extension GradientBuilder {
  /// One at the label's class along axis 1, else zero, in the type and shape of some scores.
  package mutating func oneHot(_ labels: String, like scores: String) throws(OperatorError) -> String {
    let depth = try constant([shape(scores)[1]])
    let zero = try reshape(try scalar(0, like: scores), to: [1])
    let one = try reshape(try scalar(1, like: scores), to: [1])
    let values = try emit(Concat(axis: 0), [zero, one])
    return try emit(OneHot(axis: 1), [labels, depth, values])
  }
}
