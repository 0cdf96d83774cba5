package import Graphs
package import Kernels
import Tensors

/// One step of PyTorch's Adam or AdamW on a group of tensors.
///
///     decoupled: x ← (1 − R · weight_decay) · x          else: g ← g + weight_decay · x
///     v ← α · v + (1 − α) · g;  h ← β · h + (1 − β) · g²
///     x ← x − R / (1 − α^T) · v / (√h / √(1 − β^T) + ε)          T = 1 at the first step
///
/// `decoupled` is 1 unless told otherwise; without decay both are PyTorch's Adam. ONNX's `Adam` adds ε before the bias
/// correction instead. Attributes: `alpha` 0.9, `beta` 0.999, `epsilon` 1e-8, `weight_decay` 0, `decoupled` 1.
/// Shapes: R and T scalars, parameters, gradients and moments alike → parameters and moments after the step.
/// Source: torch.optim.AdamW and torch.optim.Adam.
package struct AdamW: Decomposable, StateUpdating {
  package static let schema = OperatorSchema(
    "AdamW", domain: "dka.training", versions: 1..., inputs: ["R", "T", "inputs..."],
    outputs: ["outputs..."])

  private let alpha: Double
  private let beta: Double
  private let epsilon: Double
  private let decay: Double
  private let isDecoupled: Bool

  /// A step with numbers that count as the shortest decimals of their Float.
  package init(alpha: Float, beta: Float, epsilon: Float, decay: Float, isDecoupled: Bool)
    throws(OperatorError)
  {
    self.alpha = alpha.asDecimal
    self.beta = beta.asDecimal
    self.epsilon = epsilon.asDecimal
    self.decay = decay.asDecimal
    self.isDecoupled = isDecoupled
    guard (0..<1).contains(self.alpha), (0..<1).contains(self.beta) else {
      throw .invalid("attributes 'alpha' and 'beta' are \(alpha) and \(beta), expected [0, 1)")
    }
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    try self.init(
      alpha: try node.float("alpha", default: 0.9), beta: try node.float("beta", default: 0.999),
      epsilon: try node.float("epsilon", default: 1e-8), decay: try node.float("weight_decay", default: 0),
      isDecoupled: try node.flag("decoupled", default: true))
  }

  package var attributes: [Attribute] {
    [
      Attribute("alpha", Float(alpha)), Attribute("beta", Float(beta)), Attribute("epsilon", Float(epsilon)),
      Attribute("weight_decay", Float(decay)), Attribute("decoupled", isDecoupled ? 1 : 0),
    ]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try OptimizerOperands.resultTypes(inputs)
  }

  package func updatedInputs(_ inputs: InputTypes) throws(OperatorError) -> [Int] {
    try OptimizerOperands(operandCount: inputs.count).updatedInputs
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let parameters = try OptimizerOperands(operandCount: inputs.count)
    return BoundKernel(inputs, .operations(parameters.operations(inputs))) { operands throws(OperatorError) in
      let (rate, time) = try OptimizerOperands.rateAndStep(operands)
      guard time > 0 else { throw .invalid("T is \(time), the first step is 1") }
      var step = AdaptiveMoments.Step(
        alpha: alpha, beta: beta, epsilon: epsilon, rate: rate / (1 - AdaptiveMoments.power(alpha, time)),
        rootDivisor: (1 - AdaptiveMoments.power(beta, time)).squareRoot())
      if isDecoupled {
        step.factorBefore = 1 - rate * decay
      } else {
        step.coupledDecay = decay
      }
      parameters.apply(step, operands, options)
    }
  }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let operands = try OptimizerOperands(operandCount: node.inputs.count)
    var (parameters, means, squares) = ([String](), [String](), [String]())
    for index in 0..<operands.count {
      let state = try step(
        rate: node.inputs[0], time: node.inputs[1],
        (0..<4).map { node.inputs[operands.position($0, index)] }, into: &builder)
      parameters.append(state[0])
      means.append(state[1])
      squares.append(state[2])
    }
    return parameters + means + squares
  }

  /// Parameter and moments after the step, from parameter, gradient, mean and square before it.
  private func step(rate: String, time: String, _ state: [String], into builder: inout GradientBuilder)
    throws(OperatorError) -> [String]
  {
    var (x, g) = (state[0], state[1])
    let one = try builder.scalar(1, like: x)
    let rate = try builder.reshape(try builder.cast(rate, like: x), to: [])
    let time = try builder.reshape(time, to: [])
    func scaled(_ value: String, _ factor: Double, _ builder: inout GradientBuilder) throws(OperatorError)
      -> String
    {
      try builder.emit(Mul(), [value, try builder.scalar(factor, like: value)])
    }
    /// 1 − base^T.
    func correction(_ base: Double, _ builder: inout GradientBuilder) throws(OperatorError) -> String {
      let power = try builder.emit(Pow(), [try builder.scalar(base, like: x), time])
      return try builder.emit(Sub(), [one, power])
    }
    let decayed = try scaled(x, decay, &builder)
    if isDecoupled {
      x = try builder.emit(Sub(), [x, try builder.emit(Mul(), [rate, decayed])])
    } else {
      g = try builder.emit(Add(), [g, decayed])
    }
    let mean = try builder.emit(
      Add(), [try scaled(state[2], alpha, &builder), try scaled(g, 1 - alpha, &builder)])
    let power = try scaled(try builder.emit(Mul(), [g, g]), 1 - beta, &builder)
    let square = try builder.emit(Add(), [try scaled(state[3], beta, &builder), power])
    let divisor = try builder.emit(Sqrt(), [try correction(beta, &builder)])
    let root = try builder.emit(Div(), [try builder.emit(Sqrt(), [square]), divisor])
    let denominator = try builder.emit(Add(), [root, try builder.scalar(epsilon, like: x)])
    let length = try builder.emit(Div(), [rate, try correction(alpha, &builder)])
    let move = try builder.emit(Div(), [try builder.emit(Mul(), [length, mean]), denominator])
    return [try builder.emit(Sub(), [x, move]), mean, square]
  }
}

extension Float {
  /// The Double that the shortest decimal of this number means: 0.999 and not 0.99900001287.
  ///
  /// ONNX stores attributes as float; PyTorch computes with the Double that was typed.
  fileprivate var asDecimal: Double { Double(description) ?? Double(self) }
}
