import Kernels
import Tensors

/// The operand list that optimisers share: R, T, then parameters, gradients, first and second moments, as many of each.
struct OptimizerOperands: Sendable {
  /// Number of parameters.
  let count: Int

  /// Counts the parameters.
  init(operandCount: Int) throws(OperatorError) {
    guard operandCount >= 6, (operandCount - 2) % 4 == 0 else {
      throw .invalid("has \(operandCount) inputs, expected R, T and four per parameter")
    }
    count = (operandCount - 2) / 4
  }

  /// Checks the operands and gives the types of parameters and moments after the step.
  static func resultTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let operands = try OptimizerOperands(operandCount: inputs.count)
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.require(1, isOneOf: [.int64])
    guard inputs[0].shape.elementCount == 1, inputs[1].shape.elementCount == 1 else {
      throw .invalid("R and T have shapes \(inputs[0].shape) and \(inputs[1].shape), expected scalars")
    }
    for index in 0..<operands.count {
      for part in 0..<4 {
        let type = inputs[operands.position(part, index)]
        try inputs.require(operands.position(part, index), isOneOf: [.float32, .float64])
        guard type == inputs[operands.position(0, index)] else {
          throw .invalid(
            "input \(operands.position(part, index)) is \(type), the parameter \(inputs[2 + index])")
        }
      }
    }
    return [0, 2, 3].flatMap { part in (0..<operands.count).map { inputs[operands.position(part, $0)] } }
  }

  /// Three operations for the mean, four for the square, four for their quotient, four for the parameter and its decay.
  func operations(_ inputs: InputTypes) -> Int {
    15 &* (0..<count).reduce(0) { $0 &+ inputs[position(0, $1)].shape.elementCount }
  }

  /// Operand of a part (0 parameter, 1 gradient, 2 and 3 moments) of a parameter.
  func position(_ part: Int, _ index: Int) -> Int { 2 + part * count + index }

  /// For each result, the operand whose next state it is.
  var updatedInputs: [Int] { [0, 2, 3].flatMap { part in (0..<count).map { position(part, $0) } } }

  /// Applies one step to every parameter.
  func apply(_ step: AdaptiveMoments.Step, _ operands: Operands, _ options: KernelOptions) {
    for index in 0..<count {
      AdaptiveMoments.update(
        AdaptiveMoments.State(
          parameter: operands[position(0, index)], mean: operands[position(2, index)],
          square: operands[position(3, index)]),
        gradient: operands[position(1, index)], step,
        into: AdaptiveMoments.State(
          parameter: operands.output(index), mean: operands.output(count + index),
          square: operands.output(2 * count + index)), options)
    }
  }

  /// Learning rate and step number, which are values of the step and not of the graph.
  static func rateAndStep(_ operands: Operands) throws(OperatorError) -> (rate: Double, step: Int) {
    guard let rate = operands[0].tensor.doubles?.first, let step = operands[1].tensor.integers?.first else {
      throw .invalid("R and T are no numbers")
    }
    return (rate, step)
  }
}
