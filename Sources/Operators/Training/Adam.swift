import Graphs
import Kernels
import Tensors

/// Adam (ai.onnx.preview.training 1…): one step of Adam on a group of tensors, exactly as ONNX defines it.
///
///     g = norm_coefficient · x + g;  v ← α · v + (1 − α) · g;  h ← β · h + (1 − β) · g²
///     x ← (1 − norm_coefficient_post) · (x − R · √(1 − β^T) / (1 − α^T) · v / (√h + ε))          T > 0, else R alone
///
/// PyTorch divides √h by √(1 − β^T) *before* adding ε, so that its ε is larger by 1 / √(1 − β^T) than here, and its decoupled
/// decay shrinks by the learning rate: `AdamW` follows it.
/// Shapes: R and T scalars, parameters, gradients and moments alike → parameters and moments after the step.
/// Source: onnx/docs/Operators.md#ai.onnx.preview.training.Adam.
struct Adam: StateUpdating {
  static let schema = OperatorSchema(
    "Adam", domain: "ai.onnx.preview.training", versions: 1..., inputs: ["R", "T", "inputs..."],
    outputs: ["outputs..."])

  private let alpha: Float
  private let beta: Float
  private let epsilon: Float
  private let coefficient: Float
  private let coefficientAfter: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    alpha = try node.float("alpha", default: 0.9)
    beta = try node.float("beta", default: 0.999)
    epsilon = try node.float("epsilon", default: 0)
    coefficient = try node.float("norm_coefficient", default: 0)
    coefficientAfter = try node.float("norm_coefficient_post", default: 0)
  }

  var attributes: [Attribute] {
    [
      Attribute("alpha", alpha), Attribute("beta", beta), Attribute("epsilon", epsilon),
      Attribute("norm_coefficient", coefficient), Attribute("norm_coefficient_post", coefficientAfter),
    ]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try OptimizerOperands.resultTypes(inputs)
  }

  func updatedInputs(_ inputs: InputTypes) throws(OperatorError) -> [Int] {
    try OptimizerOperands(operandCount: inputs.count).updatedInputs
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let parameters = try OptimizerOperands(operandCount: inputs.count)
    return BoundKernel(inputs, .operations(parameters.operations(inputs))) { operands throws(OperatorError) in
      var (rate, time) = try OptimizerOperands.rateAndStep(operands)
      if time > 0 {
        rate *=
          (1 - AdaptiveMoments.power(Double(beta), time)).squareRoot()
          / (1 - AdaptiveMoments.power(Double(alpha), time))
      }
      var step = AdaptiveMoments.Step(
        alpha: Double(alpha), beta: Double(beta), epsilon: Double(epsilon), rate: rate)
      step.coupledDecay = Double(coefficient)
      step.factorAfter = 1 - Double(coefficientAfter)
      parameters.apply(step, operands, options)
    }
  }
}
